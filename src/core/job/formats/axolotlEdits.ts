import { entryOf, nodeAt, type ConfigNode, type ParsedText } from '../document/configNode';
import { editKeys, yamlValue, type KeyChange, type PlainValue } from '../document/editDocument';
import type { FileContext } from '../format';
import type { Job, JobPath } from '../job';
import type { TextEdit } from '../../units/span';

interface KeyValue {
  readonly key: string;
  readonly value: PlainValue;
}

/** Text edits of an axolotl file that give the settings these values; null where they cannot be written in its keys. */
export function axolotlEdits(
  parsed: ParsedText,
  context: FileContext,
  _job: Job,
  set: Readonly<Record<JobPath, unknown>>,
): readonly TextEdit[] | null {
  const root = parsed.roots[0];
  if (root === undefined) return null;
  const changes: KeyChange[] = [];
  for (const [path, value] of Object.entries(set)) {
    const written = inKeys(path, value, root);
    if (written === null) return null;
    for (const { key, value: next } of written) {
      if (stands(root, key, next)) continue;
      const sibling = (siblings[key] ?? []).find((name) => entryOf(root, name) !== null);
      changes.push({ path: [key], value: next, ...(sibling === undefined ? {} : { beside: sibling }) });
    }
  }
  const edits = editKeys(parsed, changes);
  return edits === null ? null : edits.map((edit) => ({ file: context.path, ...edit }));
}

/** Whether a key has a value already: nothing is to be edited then. */
function stands(root: ConfigNode, key: string, value: PlainValue): boolean {
  const node = nodeAt(root, key);
  return node?.kind === 'scalar' && node.value === value;
}

/** `micro_batch_size: 4, gradient_accumulation_steps: 8` */
export function axolotlWords(set: Readonly<Record<JobPath, unknown>>): string {
  return Object.entries(set)
    .flatMap(([path, value]) => inKeys(path, value, null) ?? [{ key: path, value: value as PlainValue }])
    .map(({ key, value }) => `${key}: ${yamlValue(value)}`)
    .join(', ');
}

/** Where a missing key is written: beside the first of these that is there. */
const siblings: Readonly<Record<string, readonly string[]>> = {
  gradient_accumulation_steps: ['micro_batch_size', 'batch_size'],
  micro_batch_size: ['gradient_accumulation_steps', 'sequence_len'],
  gradient_checkpointing: ['micro_batch_size', 'bf16', 'optimizer'],
  activation_offloading: ['gradient_checkpointing'],
  selective_checkpointing: ['gradient_checkpointing'],
  sequence_len: ['micro_batch_size', 'sample_packing'],
  sample_packing: ['sequence_len'],
  load_in_4bit: ['load_in_8bit', 'adapter', 'base_model'],
  load_in_8bit: ['load_in_4bit', 'adapter', 'base_model'],
  quantize_moe_experts: ['load_in_4bit', 'load_in_8bit', 'adapter'],
  adapter: ['base_model'],
  lora_r: ['adapter'],
  lora_alpha: ['lora_r', 'adapter'],
  lora_target_linear: ['lora_target_modules', 'lora_r', 'adapter'],
  lora_target_modules: ['lora_r', 'adapter'],
  optimizer: ['micro_batch_size'],
  attn_implementation: ['bf16', 'micro_batch_size'],
  chunked_cross_entropy: ['micro_batch_size'],
  plugins: ['base_model'],
};

/** A setting in axolotl's keys. `root` is the document, where what stands there decides how it is said. */
function inKeys(path: JobPath, value: unknown, root: ConfigNode | null): readonly KeyValue[] | null {
  const has = (key: string): boolean => root !== null && entryOf(root, key) !== null;
  const number = typeof value === 'number' ? value : null;
  switch (path) {
    case 'training.microBatch':
      return number === null ? null : [{ key: 'micro_batch_size', value: number }];
    case 'training.gradientAccumulation':
      return number === null || has('batch_size')
        ? null
        : [{ key: 'gradient_accumulation_steps', value: number }];
    case 'training.sequenceLength':
      return number === null ? null : [{ key: 'sequence_len', value: number }];
    case 'training.packing':
      return typeof value === 'boolean' ? [{ key: 'sample_packing', value }] : null;
    case 'training.gradientCheckpointing':
      return checkpointing(value, has);
    case 'training.activationOffload':
      if (value !== true) return [{ key: 'activation_offloading', value: false }];
      return [
        { key: 'gradient_checkpointing', value: true },
        { key: 'activation_offloading', value: true },
      ];
    case 'training.optimizer':
    case 'training.optimizer.name':
      return optimizer(value);
    case 'training.attention':
      return attention(value, root);
    case 'training.loss':
      return loss(value, root);
    case 'training.lora.rank':
      return number === null ? null : [{ key: 'lora_r', value: number }];
    case 'training.lora.targets':
      if (value === 'all-linear') return [{ key: 'lora_target_linear', value: true }];
      return isWords(value)
        ? [
            ...(has('lora_target_linear') ? [{ key: 'lora_target_linear', value: false }] : []),
            { key: 'lora_target_modules', value },
          ]
        : null;
    case 'training.lora.modulesToSave':
      return isWords(value) ? [{ key: 'lora_modules_to_save', value }] : null;
    case 'training.method':
      return method(value, has);
    case 'models.0.quantization':
      return quantization(value, root);
    case 'parallel.tensor':
      return number === null ? null : [{ key: 'tensor_parallel_size', value: number }];
    case 'parallel.context':
      return number === null ? null : [{ key: 'context_parallel_size', value: number }];
    case 'training.precision':
      return value === 'bf16' ? [{ key: 'bf16', value: true }] : null;
    default:
      return null;
  }
}

function checkpointing(value: unknown, has: (key: string) => boolean): readonly KeyValue[] | null {
  const on: KeyValue = { key: 'gradient_checkpointing', value: true };
  switch (value) {
    case 'full':
      return has('selective_checkpointing') ? [on, { key: 'selective_checkpointing', value: false }] : [on];
    case 'selective':
      return [on, { key: 'selective_checkpointing', value: true }];
    case 'none':
      return [{ key: 'gradient_checkpointing', value: false }];
    default:
      return null;
  }
}

/** axolotl's spelling of the optimizers that a remedy proposes. */
const optimizerNames: Readonly<Record<string, string>> = {
  adamw: 'adamw_torch_fused',
  adamw_8bit: 'adamw_bnb_8bit',
  adamw_4bit: 'adamw_torch_4bit',
  paged_adamw: 'paged_adamw_32bit',
  paged_adamw_8bit: 'paged_adamw_8bit',
  adafactor: 'adafactor',
  sgd: 'sgd',
  lion: 'lion_32bit',
  muon: 'muon',
  galore: 'galore_adamw',
  apollo: 'apollo_adamw',
};

function optimizer(value: unknown): readonly KeyValue[] | null {
  const name = typeof value === 'string' ? value : nameOf(value);
  const written = name === null ? undefined : optimizerNames[name];
  return written === undefined ? null : [{ key: 'optimizer', value: written }];
}

function nameOf(value: unknown): string | null {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
    ? value.name
    : null;
}

function attention(value: unknown, root: ConfigNode | null): readonly KeyValue[] | null {
  const names: Readonly<Record<string, string>> = {
    flash: 'flash_attention_2',
    sdpa: 'sdpa',
    eager: 'eager',
  };
  const name = typeof value === 'string' ? names[value] : undefined;
  if (name === undefined) return null;
  const old = [
    'xformers_attention',
    'sage_attention',
    'flex_attention',
    'flash_attention',
    'sdp_attention',
    'eager_attention',
  ];
  const flags = root === null ? [] : old.filter((key) => entryOf(root, key) !== null);
  // A file in the older style keeps it: both styles together are refused.
  if (flags.length > 0 && value === 'flash') {
    return old
      .filter((key) => flags.includes(key) || key === 'flash_attention')
      .map((key) => ({ key, value: key === 'flash_attention' }));
  }
  return [...flags.map((key) => ({ key, value: false })), { key: 'attn_implementation', value: name }];
}

/** The chunked loss is a plain flag; the fused one is a plugin, which is added where no other list would be changed. */
function loss(value: unknown, root: ConfigNode | null): readonly KeyValue[] | null {
  const others = [
    'cut_cross_entropy',
    'liger_cross_entropy',
    'liger_fused_linear_cross_entropy',
    'chunked_cross_entropy',
  ];
  const clear = root === null || others.every((key) => !isTrue(root, key));
  if (value === 'chunked') return clear ? [{ key: 'chunked_cross_entropy', value: true }] : null;
  if (value !== 'fused' || !clear) return null;
  const plugins = root === null ? null : nodeAt(root, 'plugins');
  const listed =
    plugins?.kind === 'list'
      ? plugins.items.flatMap((item) => (item.kind === 'scalar' ? [item.value] : []))
      : [];
  if (listed.some((name) => String(name).includes('LigerPlugin'))) {
    return [{ key: 'liger_fused_linear_cross_entropy', value: true }];
  }
  if (listed.length > 0) return null;
  return [{ key: 'plugins', value: ['axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin'] }];
}

function method(value: unknown, has: (key: string) => boolean): readonly KeyValue[] | null {
  switch (value) {
    case 'lora':
    case 'dora':
      return [
        { key: 'adapter', value: 'lora' },
        ...(has('lora_r')
          ? []
          : [
              { key: 'lora_r', value: 16 },
              { key: 'lora_alpha', value: 32 },
            ]),
        ...(has('lora_target_modules') || has('lora_target_linear')
          ? []
          : [{ key: 'lora_target_linear', value: true }]),
        ...(value === 'dora' ? [{ key: 'peft_use_dora', value: true }] : []),
      ];
    case 'full':
      return [{ key: 'adapter', value: null }];
    default:
      return null;
  }
}

/** The base model's quantisation goes with the adapter that loads it: qlora for 4 bits, lora for 8 and for none. */
function quantization(value: unknown, root: ConfigNode | null): readonly KeyValue[] | null {
  const kind = typeof value === 'object' && value !== null && 'method' in value ? value.method : value;
  const off = (key: string): readonly KeyValue[] =>
    root !== null && isTrue(root, key) ? [{ key, value: false }] : [];
  const reachesExperts =
    typeof value === 'object' && value !== null && 'experts' in value && value.experts === true;
  const experts = reachesExperts
    ? [{ key: 'quantize_moe_experts', value: true }]
    : off('quantize_moe_experts');
  switch (kind) {
    case 'bnb-nf4':
      return [
        { key: 'adapter', value: 'qlora' },
        { key: 'load_in_4bit', value: true },
        ...off('load_in_8bit'),
        ...experts,
      ];
    case 'bnb-int8':
      return [
        { key: 'adapter', value: 'lora' },
        { key: 'load_in_8bit', value: true },
        ...off('load_in_4bit'),
        ...experts,
      ];
    case null:
      return [
        { key: 'adapter', value: 'lora' },
        ...off('load_in_4bit'),
        ...off('load_in_8bit'),
        ...off('quantize_moe_experts'),
      ];
    default:
      return null;
  }
}

function isTrue(root: ConfigNode, key: string): boolean {
  const node = nodeAt(root, key);
  return node?.kind === 'scalar' && node.value === true;
}

function isWords(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
