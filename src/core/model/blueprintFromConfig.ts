import type { Dtype } from '../units/dtype';
import type { Origin } from '../units/origin';
import type { BlueprintOutcome, ConfigProblem } from './blueprint';
import { buildBlueprint, problemSentence, refused, type Choice } from './buildBlueprint';
import { ConfigReader, isRecord, shown } from './configReader';
import { architectureOf, architectureOfType } from './architectures';
import { fromFirstBert } from './firstBertConfig';
import { likelyShape } from './likelyShape';
import { quantizationFromConfig } from './quantisation/quantizationConfig';

const dtypes: Readonly<Record<string, Dtype>> = {
  float64: 'f64',
  float32: 'f32',
  float: 'f32',
  bfloat16: 'bf16',
  float16: 'f16',
  half: 'f16',
  fp16: 'f16',
  bf16: 'bf16',
  fp32: 'f32',
  float8_e4m3fn: 'f8_e4m3',
  float8_e5m2: 'f8_e5m2',
};

/** What classes were called when old checkpoints were saved; their modules are the same. */
const formerNames: Readonly<Record<string, string>> = {
  T5WithLMHeadModel: 'T5ForConditionalGeneration',
  LLaMAForCausalLM: 'LlamaForCausalLM',
  MPTForCausalLM: 'MptForCausalLM',
  StableLMEpochForCausalLM: 'StableLmForCausalLM',
};

/**
 * The Blueprint of a Hugging Face `config.json` (already parsed). The class is `architectures[0]`, else the model type's
 * first class. Missing fields take the class's declared defaults; every field that is read is checked. A config that
 * cannot be right gives all its problems, one that names an unknown class gives one sentence. Never throws.
 */
export function blueprintFromConfig(given: unknown): BlueprintOutcome {
  if (!isRecord(given)) return refused('a model config is an object');
  const config = fromFirstBert(given);
  const problems: ConfigProblem[] = [];
  const choice = choose(config, problems);
  if (typeof choice === 'string') return refused(choice, problems);

  const reader = new ConfigReader(config, choice.architecture.modelType, problems);
  return buildBlueprint(choice, reader, problems, () => ({
    ...dtypeOf(config, problems),
    quantization: quantizationFromConfig(config),
  }));
}

/** The class that a config is read as, or the sentence that says why there is none. */
function choose(config: Readonly<Record<string, unknown>>, problems: ConfigProblem[]): Choice | string {
  const listed: unknown = config['architectures'] ?? [];
  const modelType: unknown = config['model_type'] ?? null;
  if (!Array.isArray(listed) || !listed.every((item): item is string => typeof item === 'string')) {
    problems.push({ key: 'architectures', value: shown(listed), expected: 'a list of class names' });
    return problemSentence(problems);
  }
  if (modelType !== null && typeof modelType !== 'string') {
    problems.push({ key: 'model_type', value: shown(modelType), expected: 'a string' });
    return problemSentence(problems);
  }
  // A part of a diffusers pipeline names its class in a key of its own.
  const part = config['_class_name'];
  const name = listed[0] ?? (typeof part === 'string' ? part : null);
  const exact = name === null ? null : architectureOf(name);
  if (exact !== null && name !== null) return { architecture: exact, name, origin: 'exact', assumptions: [] };
  const former = name === null ? undefined : formerNames[name];
  const renamed = former === undefined ? null : architectureOf(former);
  if (renamed !== null && name !== null)
    return {
      architecture: renamed,
      name,
      origin: 'exact',
      assumptions: [`class ${shown(name)} is called ${renamed.name} by now`],
    };

  const standing = modelType === null ? null : architectureOfType(modelType);
  if (standing === null) return shaped(config, name) ?? unknownClass(name, modelType);
  if (name === null)
    return {
      architecture: standing,
      name: standing.name,
      origin: 'exact',
      assumptions: [
        `no architectures: read as ${standing.name}, the class of model_type ${standing.modelType}`,
      ],
    };
  return {
    architecture: standing,
    name,
    origin: 'assumed',
    assumptions: [
      `class ${shown(name)} is not known: read as ${standing.name}, the class of model_type ${standing.modelType}`,
    ],
  };
}

/** A class that nobody knows in a config that has the shape of a known one: an assumption, and called so. */
function shaped(config: Readonly<Record<string, unknown>>, name: string | null): Choice | null {
  const likely = likelyShape(name, config);
  const architecture = likely === null ? null : architectureOf(likely.className);
  if (likely === null || architecture === null || name === null) return null;
  return {
    architecture,
    name,
    origin: 'assumed',
    assumptions: [
      `class ${shown(name)} is not known: read as ${likely.className}, because the config has ${likely.because}`,
    ],
  };
}

function unknownClass(name: string | null, modelType: string | null): string {
  if (name === null && modelType === null) return 'the config has neither architectures nor model_type';
  const what = [
    ...(name === null ? [] : [`class ${shown(name)}`]),
    ...(modelType === null ? [] : [`model_type ${shown(modelType)}`]),
  ].join(', ');
  return `unknown architecture: ${what}`;
}

/** Switches in the place of a `dtype`: Qwen (1), whose modeling_qwen.py casts the model by them. */
const typeFlags: readonly (readonly [key: string, dtype: Dtype])[] = [
  ['bf16', 'bf16'],
  ['fp16', 'f16'],
  ['fp32', 'f32'],
];

/** `dtype`, else `torch_dtype`, of the config or of its text section. */
function dtypeOf(
  config: Readonly<Record<string, unknown>>,
  problems: ConfigProblem[],
): { dtype: Dtype; dtypeOrigin: Origin } {
  const text = isRecord(config['text_config']) ? config['text_config'] : {};
  for (const [path, key, value] of [
    ['', 'dtype', config['dtype']],
    ['', 'torch_dtype', config['torch_dtype']],
    ['text_config.', 'dtype', text['dtype']],
    ['text_config.', 'torch_dtype', text['torch_dtype']],
  ] as const) {
    if (value === undefined || value === null || value === 'auto') continue;
    const name = typeof value === 'string' ? value.replace(/^torch\./, '') : '';
    const dtype = Object.hasOwn(dtypes, name) ? dtypes[name] : undefined;
    if (dtype !== undefined) return { dtype, dtypeOrigin: 'exact' };
    // Some quantised checkpoints name the type of their packed weights, which says nothing of the rest.
    if (/^u?int(4|8|32)$/u.test(name)) return { dtype: 'bf16', dtypeOrigin: 'assumed' };
    problems.push({
      key: path + key,
      value: shown(value),
      expected: 'a floating-point type such as bfloat16',
    });
    return { dtype: 'f32', dtypeOrigin: 'assumed' };
  }
  for (const [key, dtype] of typeFlags) if (config[key] === true) return { dtype, dtypeOrigin: 'exact' };
  // Quantised checkpoints keep what is not quantised in 16 bits; a plain config without the key is an old one in fp32.
  return isRecord(config['quantization_config'])
    ? { dtype: 'bf16', dtypeOrigin: 'assumed' }
    : { dtype: 'f32', dtypeOrigin: 'default' };
}
