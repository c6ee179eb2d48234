import type { Blueprint, ConfigProblem, TensorSpec } from './blueprint';
import { problemSentence } from './buildBlueprint';
import { ConfigReader, isRecord, MOST_LAYERS, shown } from './configReader';
import type { WeightHeader } from './safetensors';

/** `adapter_config.json` of PEFT, as far as it says how large the adapter is. */
export interface AdapterConfig {
  /** `LORA`, `PREFIX_TUNING`, … */
  readonly type: string;
  /** Hub id or path of the model that it belongs to; null when the file does not say. */
  readonly base: string | null;
  /** null for a type other than LoRA. */
  readonly lora: LoraConfig | null;
}

export interface LoraConfig {
  readonly rank: number;
  /** Module names or their suffixes, every linear module, or a regular expression over whole names. */
  readonly targets: readonly string[] | 'all-linear' | { readonly pattern: string };
  readonly excluded: readonly string[];
  /** Layers alone that are adapted; null = all. */
  readonly layers: readonly number[] | null;
  /** Ranks of single modules, by name or suffix. */
  readonly ranks: Readonly<Record<string, number>>;
  readonly modulesToSave: readonly string[];
  readonly dora: boolean;
}

export type AdapterOutcome =
  | { readonly ok: true; readonly adapter: AdapterConfig }
  | { readonly ok: false; readonly reason: string; readonly problems: readonly ConfigProblem[] };

const LARGEST_RANK = 65_536;
const LONGEST_PATTERN = 1000;

/** Reads the fields of an adapter's config (peft/tuners/lora/config.py). Never throws. */
export function parseAdapterConfig(fields: unknown): AdapterOutcome {
  const problems: ConfigProblem[] = [];
  if (!isRecord(fields)) return refused('an adapter config is an object', problems);
  const reader = new ConfigReader(fields, '', problems);
  const type = reader.text('peft_type');
  const base = reader.text('base_model_name_or_path');
  if (type === null) return refused('the adapter config does not say its peft_type', problems);
  const lora = type === 'LORA' ? loraOf(reader) : null;
  if (problems.length > 0) return refused(problemSentence(problems), problems);
  return { ok: true, adapter: { type, base: base === '' ? null : base, lora } };
}

function refused(reason: string, problems: readonly ConfigProblem[]): AdapterOutcome {
  return { ok: false, reason, problems };
}

function loraOf(reader: ConfigReader): LoraConfig {
  const layers = reader.value('layers_to_transform');
  const ranks = reader.value('rank_pattern') ?? {};
  if (!isRecord(ranks)) reader.problem('rank_pattern', 'an object');
  const isRank = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LARGEST_RANK;
  const entries = isRecord(ranks) ? Object.entries(ranks) : [];
  if (!entries.every(([, value]) => isRank(value))) reader.problem('rank_pattern', 'ranks by module');
  return {
    rank: reader.value('r') === undefined ? 8 : reader.size('r', { max: LARGEST_RANK }),
    targets: targetsOf(reader),
    excluded: words(reader, 'exclude_modules'),
    layers:
      typeof layers === 'number'
        ? [reader.integer('layers_to_transform', { max: MOST_LAYERS })]
        : reader.integers('layers_to_transform', { max: MOST_LAYERS }),
    ranks: Object.fromEntries(entries.filter((entry): entry is [string, number] => isRank(entry[1]))),
    modulesToSave: words(reader, 'modules_to_save'),
    dora: reader.flag('use_dora'),
  };
}

function targetsOf(reader: ConfigReader): LoraConfig['targets'] {
  const value = reader.value('target_modules');
  if (value === 'all-linear') return value;
  if (typeof value === 'string') {
    // Repeated groups can take a matcher longer than anyone waits.
    if (value.length > LONGEST_PATTERN || /\)[*+{?]/u.test(value) || !compiles(value))
      reader.problem('target_modules', 'module names, or a regular expression without repeated groups');
    return { pattern: value };
  }
  return words(reader, 'target_modules');
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test('') || true;
  } catch {
    return false;
  }
}

function words(reader: ConfigReader, key: string): readonly string[] {
  const value = reader.value(key);
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
  reader.problem(key, 'a list of module names');
  return [];
}

/** The tensors of an adapter's weights: held as they are whatever is done to the model's own. */
export function adapterTensors(header: WeightHeader): readonly TensorSpec[] {
  return header.tensors.map(({ name, shape, dtype }): TensorSpec => ({
    name,
    shape,
    dtype,
    role: 'other',
    module: 'parameter',
    layer: null,
    component: ADAPTER_COMPONENT,
    tiedTo: null,
    experts: null,
  }));
}

/** Component of the tensors that an adapter adds. */
export const ADAPTER_COMPONENT = 'adapter';

/** The base model with its adapter's tensors. `remark` says where they come from. */
export function withAdapter(base: Blueprint, tensors: readonly TensorSpec[], remark: string): Blueprint {
  const names = new Set(base.tensors.map(({ name }) => name));
  return {
    ...base,
    tensors: [...base.tensors, ...tensors.filter(({ name }) => !names.has(name))],
    assumptions: [...base.assumptions, remark],
  };
}

/** `LoRA of rank 16 on q_proj, v_proj`: for people. */
export function adapterTitle({ type, lora }: AdapterConfig): string {
  if (lora === null) return `${shown(type)} adapter`;
  const targets =
    lora.targets === 'all-linear'
      ? 'all linear modules'
      : 'pattern' in lora.targets
        ? shown(lora.targets.pattern)
        : lora.targets.slice(0, 8).join(', ');
  return `${lora.dora ? 'DoRA' : 'LoRA'} of rank ${lora.rank} on ${targets}`;
}
