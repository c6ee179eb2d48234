import type { OptimizerSetting } from '../../job/jobDocument';
import { dtypeBytes, type Dtype } from '../../units/dtype';
import { range, type Range } from '../../units/range';

/** A trained parameter as the optimizer sees it. */
export interface TrainedTensor {
  readonly shape: readonly number[];
  readonly elements: number;
  readonly dtype: Dtype;
  readonly embedding: boolean;
  /** Its states stay 32 bit under an 8-bit optimizer. */
  readonly keptWide: boolean;
}

/** What an optimizer keeps between steps, and what it takes for a moment while it steps. Bytes. */
export interface OptimizerMemory {
  readonly device: number;
  /** Held in memory that the driver may move to the host (paged optimizers). */
  readonly paged: number;
  /** Temporary buffers of the step itself. */
  readonly step: Range;
  /** Sentence for a name that is not known; null otherwise. */
  readonly note: string | null;
}

type Kind = 'adam' | 'adafactor' | 'momentum' | 'none' | 'muon' | 'lowRank' | 'unknown';

/**
 * State bytes from the tensors' shapes.
 * Adam and AdamW: two moments in the parameter's dtype (torch/optim/adamw.py: zeros_like of the parameter). 8 bit: one byte per
 * element and moment plus an fp32 absmax per 256 elements (bitsandbytes, Dettmers et al. 2022), tensors under 4096 elements stay
 * 32 bit, and embeddings where the framework says so. Adafactor: one row and one column vector of a matrix (Shazeer and Stern 2018). Lion and SGD with
 * momentum: one. Muon: one momentum of the matrices, Adam for the rest.
 */
export function optimizerMemory(
  tensors: readonly TrainedTensor[],
  setting: OptimizerSetting,
): OptimizerMemory {
  const { kind, bits, paged } = optimizerKind(setting);
  let states = 0;
  let largest = 0;
  let parameterBytes = 0;
  for (const tensor of tensors) {
    states += stateBytes(tensor, kind, bits);
    largest = Math.max(largest, tensor.elements);
    parameterBytes += tensor.elements * dtypeBytes(tensor.dtype);
  }
  const step = stepBytes(setting, kind, bits, largest, parameterBytes);
  return {
    device: paged ? 0 : states,
    paged: paged ? states : 0,
    step,
    note: kind === 'unknown' ? `optimizer ${setting.name} is not known; counted as Adam` : null,
  };
}

export function optimizerKind(setting: OptimizerSetting): {
  readonly kind: Kind;
  readonly bits: number | null;
  readonly paged: boolean;
} {
  const name = setting.name.toLowerCase();
  const named = /8bit/.test(name) ? 8 : /4bit/.test(name) ? 4 : null;
  const bits = setting.stateBits ?? named;
  const paged = setting.paged || name.includes('paged');
  let kind: Kind = 'unknown';
  if (/adafactor/.test(name)) kind = 'adafactor';
  else if (/galore|apollo/.test(name)) kind = 'lowRank';
  else if (/muon/.test(name)) kind = 'muon';
  else if (/adam|lamb|prodigy|came|stableadamw/.test(name)) kind = 'adam';
  else if (/lion|rmsprop|adagrad|sgd.*moment|momentum|schedule_free_sgd/.test(name)) kind = 'momentum';
  else if (/sgd/.test(name)) kind = 'none';
  return { kind, bits, paged };
}

function stateBytes(tensor: TrainedTensor, kind: Kind, bits: number | null): number {
  switch (kind) {
    case 'none':
      return 0;
    case 'momentum':
      return momentBytes(tensor, bits);
    case 'adafactor':
      return factoredBytes(tensor);
    case 'muon':
      return momentBytes(tensor, bits) * (tensor.shape.length >= 2 && !tensor.embedding ? 1 : 2);
    case 'adam':
    case 'lowRank':
    case 'unknown':
      return 2 * momentBytes(tensor, bits);
  }
}

function momentBytes(tensor: TrainedTensor, bits: number | null): number {
  if (bits === null || bits >= 16)
    return tensor.elements * (bits === null ? dtypeBytes(tensor.dtype) : bits / 8);
  if (tensor.elements < 4096 || tensor.keptWide) return tensor.elements * 4;
  return Math.ceil((tensor.elements * bits) / 8) + Math.ceil(tensor.elements / 256) * 4;
}

function factoredBytes(tensor: TrainedTensor): number {
  const rows = tensor.shape.at(-2);
  const columns = tensor.shape.at(-1);
  if (rows === undefined || columns === undefined) return tensor.elements * 4;
  const outer = tensor.elements / (rows * columns);
  return outer * (rows + columns) * 4;
}

/**
 * Temporaries of one step. The `foreach` implementation works on all tensors of a group at once and holds one copy of the
 * second moment (torch/optim/adamw.py, _multi_tensor_adamw: exp_avg_sq_sqrt); the fused kernels and bitsandbytes hold nothing;
 * a per-tensor loop holds a few copies of the largest tensor.
 */
function stepBytes(
  setting: OptimizerSetting,
  kind: Kind,
  bits: number | null,
  largest: number,
  parameterBytes: number,
): Range {
  const loop = range(0, 4 * largest, 12 * largest);
  if (kind === 'adafactor') return range(4 * largest, 12 * largest, 16 * largest);
  if (bits !== null && bits < 16) return range(0, 0, 4 * largest);
  const implementation = setting.implementation ?? (setting.name.includes('fused') ? 'fused' : null);
  switch (implementation) {
    case 'fused':
      return range(0, 0, 0);
    case 'foreach':
      return range(parameterBytes, parameterBytes, parameterBytes * 1.5);
    case 'for-loop':
      return loop;
    default:
      // Which one runs depends on the framework's version: the newest run fused kernels, older ones `foreach`.
      return range(0, 0, kind === 'none' ? 0 : parameterBytes);
  }
}
