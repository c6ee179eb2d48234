import type { ModuleKind, TensorRole } from './blueprint';

/** What a tensor of a GGUF file is, from llama.cpp's name for it. */
export interface GgufPlace {
  /** `text`, `encoder`, `decoder`, `vision`, `audio`, `projector`. */
  readonly component: string;
  readonly layer: number | null;
  /** The name within its layer, without `weight` or `bias`: `attn_q`. */
  readonly part: string;
  readonly role: TensorRole;
  readonly module: ModuleKind;
}

const components: readonly (readonly [start: RegExp, component: string])[] = [
  [/^enc\./u, 'encoder'],
  [/^dec\./u, 'decoder'],
  [/^(v|vision)\./u, 'vision'],
  [/^a\./u, 'audio'],
  [/^(mm|resampler)\./u, 'projector'],
  [/^model\.image_newline$/u, 'projector'],
];

/** Parts of names -> role, the first that matches. Source: LLM_TENSOR_NAMES in llama-arch.cpp, clip-impl.h for towers. */
const roles: readonly (readonly [part: RegExp, role: TensorRole])[] = [
  [/norm/u, 'norm'],
  [/^(per_layer_)?token_embd$/u, 'embedding'],
  [/^(position_embd|token_types)$|rel_b$|rel_pos/u, 'position'],
  [/^output$/u, 'head'],
  [/^cls/u, 'classifier'],
  [/^(ssm_|time_mix_|channel_mix_lerp|shortconv|conv1d)/u, 'recurrent'],
  [/^ffn_gate_inp/u, 'router'],
  [/attn_qkv$/u, 'qkv'],
  [/attn_q(_[ab])?$/u, 'q'],
  [/attn_(k|k_b|kv_a_mqa|kv_b|kv)$/u, 'k'],
  [/attn_v(_b)?$/u, 'v'],
  [/attn_(output|out|o)$/u, 'o'],
  [/^ffn_gate_up/u, 'gateUp'],
  [/^ffn_gate/u, 'gate'],
  [/^(ffn_up|channel_mix_key)/u, 'up'],
  [/^(ffn_down|channel_mix_value)/u, 'down'],
];

export function placeOf(name: string, rank: number): GgufPlace {
  const component = components.find(([start]) => start.test(name))?.[1] ?? 'text';
  const block = /(?:^|\.)blk\.(\d+)\.(.+)$/u.exec(name);
  const layer = block === null ? null : Number(block[1]);
  const part = (block?.[2] ?? name).replace(/\.(weight|bias)$/u, '');
  const role =
    component === 'projector' ? 'projector' : (roles.find(([pattern]) => pattern.test(part))?.[1] ?? 'other');
  return { component, layer, part, role, module: moduleOf(name, part, role, rank) };
}

function moduleOf(name: string, part: string, role: TensorRole, rank: number): ModuleKind {
  if (/^rope_(freqs|factors)/u.test(part)) return 'buffer';
  if (role === 'norm') return 'norm';
  if (role === 'embedding' || role === 'position') return 'embedding';
  if (/^ffn_.*_c?h?exps$/u.test(part) || /^ffn_(gate|up|down)\.\d+$/u.test(part)) return 'experts';
  if (/conv|patch_embd/u.test(part)) return 'conv';
  const matrix = name.endsWith('.weight') && rank >= 2;
  return matrix || name.endsWith('.bias') ? 'linear' : 'parameter';
}
