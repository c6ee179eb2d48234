import { isFloat, type Dtype } from '../units/dtype';
import type { Blueprint, BlueprintOutcome, ModuleKind, TensorRole, TensorSpec } from './blueprint';
import type { HeaderTensor, WeightHeader } from './safetensors';

/** Last module names of the usual libraries -> what the tensor is. */
const roles: readonly (readonly [pattern: RegExp, role: TensorRole])[] = [
  [/norm|(^|\.)ln_?\w*$/iu, 'norm'],
  [/(^|\.)(lm_head|embed_out|output)$/u, 'head'],
  [/(embed_tokens|word_embeddings|wte|tok_embeddings|embed_in)$/u, 'embedding'],
  [/(wpe|position_embeddings|token_type_embeddings)$/u, 'position'],
  [/(q_proj|query|q_lin|wq)$/u, 'q'],
  [/(k_proj|key|k_lin|wk)$/u, 'k'],
  [/(v_proj|value|v_lin|wv)$/u, 'v'],
  [/(qkv_proj|query_key_value|c_attn|qkv|Wqkv)$/u, 'qkv'],
  [/(o_proj|out_proj|wo|attention\.dense)$/u, 'o'],
  [/(gate_proj|w1)$/u, 'gate'],
  [/(gate_up_proj)$/u, 'gateUp'],
  [/(up_proj|w3|fc1|c_fc|dense_h_to_4h)$/u, 'up'],
  [/(down_proj|w2|fc2|dense_4h_to_h)$/u, 'down'],
];

function roleOf(module: string): TensorRole {
  return roles.find(([pattern]) => pattern.test(module))?.[1] ?? 'other';
}

function kindOf(tensor: HeaderTensor, role: TensorRole): ModuleKind {
  if (tensor.dtype !== null && !isFloat(tensor.dtype)) return 'buffer';
  if (role === 'norm') return 'norm';
  if (role === 'embedding' || role === 'position') return 'embedding';
  if (tensor.shape.length === 2 && tensor.name.endsWith('.weight')) return 'linear';
  return 'parameter';
}

function specOf(tensor: HeaderTensor): TensorSpec {
  const role = roleOf(tensor.name.replace(/\.(weight|bias)$/u, ''));
  const layer = /(?:^|\.)(?:layers|h|layer|blocks|block)\.(\d+)\./u.exec(tensor.name)?.[1];
  return {
    name: tensor.name,
    shape: tensor.shape,
    dtype: tensor.dtype,
    role,
    module: kindOf(tensor, role),
    layer: layer === undefined ? null : Number(layer),
    component: 'text',
    tiedTo: null,
    experts: null,
  };
}

/**
 * What a checkpoint without a config tells: its tensors, their bytes and dtypes, exactly; nothing of heads or of what the
 * layers keep, so `layers` is empty and that is said.
 */
export function blueprintFromHeader(header: WeightHeader, library = 'safetensors'): BlueprintOutcome {
  if (header.tensors.length === 0)
    return { ok: false, reason: `${header.source} holds no tensors`, problems: [] };
  const tensors = header.tensors.map(specOf);
  const embedding = tensors.find((tensor) => tensor.role === 'embedding' && tensor.shape.length === 2);
  const [vocab = 0, hidden = 0] = embedding?.shape ?? [];
  const counts = new Map<Dtype, number>();
  for (const { dtype, bytes } of header.tensors)
    if (dtype !== null && isFloat(dtype)) counts.set(dtype, (counts.get(dtype) ?? 0) + bytes);
  const [dtype = 'f32'] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  const blueprint: Blueprint = {
    architecture: 'unknown',
    modelType: 'unknown',
    library,
    origin: 'exact',
    assumptions: [
      `no config beside ${header.source}: what the layers keep is not known`,
      ...(header.notes ?? []),
    ],
    dtype,
    dtypeOrigin: 'exact',
    hidden,
    vocab,
    maxContext: null,
    task: 'generate',
    layers: [],
    tensors,
    quantization: null,
    activation: null,
    logitSoftcap: false,
    attentionSoftcap: false,
    notRunnable: `${header.source} holds ${header.totalBytes} bytes of weights; without a config beside it what its layers keep is not known`,
    weights: {
      source: header.source,
      fileBytes: header.totalBytes,
      bytes: Object.fromEntries(header.tensors.map(({ name, bytes }) => [name, bytes])),
      complete: header.complete,
    },
  };
  return { ok: true, blueprint };
}
