import { computesInFp8 } from '../model/quantisation/computesInFp8';
import type { FlopType } from '../hardware/device';
import type { Pool } from '../hardware/target';
import type { EngineName } from '../job/jobDocument';
import type { Quantization } from '../model/blueprint';
import type { Dtype } from '../units/dtype';
import type { Range } from '../units/range';

/** What kind of device a pool is, where engines differ in how much of its limits they reach. */
export type DeviceClass = 'consumer' | 'datacentre' | 'unified' | 'cpu';

/** Memory bandwidth above which only stacked memory lies: the class of data-centre parts. */
const stackedMemory = 1.2e12;

export function deviceClass(pool: Pool): DeviceClass {
  if (pool.kind === 'host') return 'cpu';
  if (pool.kind === 'unified' || pool.deviceKind === 'unified' || pool.deviceKind === 'integrated')
    return 'unified';
  return (pool.ceilings.bytesPerSecond?.value ?? 0) >= stackedMemory &&
    pool.vendor !== null &&
    !/rtx|geforce|radeon rx/i.test(pool.name)
    ? 'datacentre'
    : 'consumer';
}

/**
 * Share of the bandwidth ceiling that decoding reaches, kernels running back to back. Published figures: gpt-fast reports 60 to 75 % on
 * A100 and MI250X; llama.cpp's own tables (benches/dgx-spark.md and its device threads) 65 to 85 % on consumer and unified parts and
 * about half on parts with stacked memory, whose short kernels do not fill it.
 */
export function decodeEfficiency(engine: EngineName, device: DeviceClass): Range {
  const ggml = isGgml(engine);
  switch (device) {
    case 'consumer':
      return ggml ? { low: 0.55, expected: 0.72, high: 0.88 } : { low: 0.55, expected: 0.72, high: 0.9 };
    case 'datacentre':
      return ggml ? { low: 0.28, expected: 0.45, high: 0.65 } : { low: 0.45, expected: 0.62, high: 0.8 };
    case 'unified':
      return { low: 0.5, expected: 0.7, high: 0.88 };
    case 'cpu':
      return ggml ? { low: 0.5, expected: 0.75, high: 0.95 } : { low: 0.25, expected: 0.5, high: 0.8 };
  }
}

/**
 * Share of the matrix ceiling that a prompt or a training step reaches; wide, because it depends on shapes and kernels. Training in
 * PyTorch is published at 30 to 50 % of the dense 16-bit ceiling on data-centre parts (torchtitan, Liang et al. 2024, table 1;
 * Llama 3, section 3.3.2), hand-written loops reach 60 to 70. llama.cpp multiplies quantised weights in 8-bit integers on NVIDIA parts
 * (ggml-cuda/mmq.cuh) and reaches a quarter to a third of that ceiling; Metal's matrix units are filled better.
 */
export function computeEfficiency(
  engine: EngineName,
  pool: Pool,
  work: 'prefill' | 'train',
  type: FlopType,
): Range {
  const device = deviceClass(pool);
  const ggml = isGgml(engine);
  if (device === 'cpu')
    return ggml ? { low: 0.2, expected: 0.45, high: 0.8 } : { low: 0.3, expected: 0.55, high: 0.85 };
  if (work === 'train') return { low: 0.2, expected: 0.42, high: 0.7 };
  if (!ggml) return { low: 0.25, expected: 0.5, high: 0.75 };
  if (pool.vendor === 'apple') return { low: 0.4, expected: 0.62, high: 0.85 };
  return type === 'int8'
    ? { low: 0.12, expected: 0.26, high: 0.45 }
    : { low: 0.12, expected: 0.35, high: 0.6 };
}

function isGgml(engine: EngineName): boolean {
  return engine === 'llama.cpp' || engine === 'ollama' || engine === 'mlx';
}

/** The type that an engine's matrix products run in on a device. */
export function matrixType(
  engine: EngineName,
  pool: Pool,
  dtype: Dtype,
  quantization: Quantization | null,
): FlopType {
  if (quantization !== null && computesInFp8(quantization)) return 'fp8';
  const sixteen = /^(BF16|F16|F32)$/i.test(quantization?.type ?? '');
  if (isGgml(engine) && quantization !== null && !sixteen && pool.vendor === 'nvidia') return 'int8';
  if (dtype === 'f32' && quantization === null) return 'fp32';
  return dtype === 'bf16' ? 'bf16' : 'fp16';
}

/** What starting operations costs an engine for each layer and token. */
export interface LaunchCost {
  readonly operationsPerLayer: number;
  readonly secondsEach: Range;
  /** Starting and running overlap, so that the slower of the two decides; else the gaps between kernels add up. */
  readonly overlaps: boolean;
}

/**
 * Eager PyTorch starts about 60 tensor operations a layer (norms, rotary embedding, cache update, attention, MLP) at 6 to 20
 * microseconds each by host CPU, ahead of the device. Engines that replay graphs or run a native loop start about a dozen kernels a layer
 * with gaps of 1 to 4 microseconds between them.
 */
export function launchCost(engine: EngineName, eager: boolean): LaunchCost {
  const native = {
    operationsPerLayer: 12,
    secondsEach: { low: 1e-6, expected: 2e-6, high: 4e-6 },
    overlaps: false,
  };
  switch (engine) {
    case 'vllm':
    case 'sglang':
    case 'tgi':
    case 'tensorrt-llm':
      return eager
        ? { ...native, secondsEach: { low: 5e-6, expected: 10e-6, high: 20e-6 }, overlaps: true }
        : native;
    case 'llama.cpp':
    case 'ollama':
    case 'mlx':
    case 'exllamav2':
    case 'mlc':
    case 'onnxruntime':
      return native;
    default:
      return {
        operationsPerLayer: 60,
        secondsEach: { low: 6e-6, expected: 11e-6, high: 20e-6 },
        overlaps: true,
      };
  }
}
