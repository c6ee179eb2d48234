import type { Pool } from '../hardware/target';
import type { EngineName } from '../job/jobDocument';
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
  const ggml = engine === 'llama.cpp' || engine === 'ollama' || engine === 'mlx';
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

/** Share of the matrix ceiling that a prompt or a training step reaches; wide, because it depends on shapes and kernels. */
export function computeEfficiency(engine: EngineName, device: DeviceClass, work: 'prefill' | 'train'): Range {
  const ggml = engine === 'llama.cpp' || engine === 'ollama' || engine === 'mlx';
  if (device === 'cpu')
    return ggml ? { low: 0.2, expected: 0.45, high: 0.8 } : { low: 0.3, expected: 0.55, high: 0.85 };
  if (work === 'train') return { low: 0.2, expected: 0.4, high: 0.6 };
  return ggml ? { low: 0.15, expected: 0.32, high: 0.6 } : { low: 0.25, expected: 0.5, high: 0.75 };
}

/** Operations an engine starts one by one from Python per layer and token; engines with graphs or native loops start next to none. */
export function operationsPerLayer(engine: EngineName, eager: boolean): number {
  switch (engine) {
    case 'vllm':
    case 'sglang':
    case 'tgi':
    case 'tensorrt-llm':
      return eager ? 20 : 0;
    case 'llama.cpp':
    case 'ollama':
    case 'mlx':
    case 'exllamav2':
    case 'mlc':
    case 'onnxruntime':
      return 0;
    default:
      // Norms, rotary embedding, cache update, attention and MLP of a Llama layer: about 60 tensor operations.
      return 60;
  }
}

/** Seconds from Python to a started kernel in eager PyTorch: 6 to 20 microseconds by host CPU. */
export const eagerOperationSeconds: Range = { low: 6e-6, expected: 11e-6, high: 20e-6 };
