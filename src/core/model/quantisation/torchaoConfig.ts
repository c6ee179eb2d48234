import type { Quantization, WeightGroup, WeightScheme } from '../blueprint';
import { isRecord } from '../configReader';
import type { QuantizationFields } from './quantizationFields';

/** Names that torchao's configs had as text, with what they stand for (transformers 4.47 to 4.56, `TorchAoConfig`). */
const asText: Readonly<Record<string, string>> = {
  int4_weight_only: 'Int4WeightOnlyConfig',
  int8_weight_only: 'Int8WeightOnlyConfig',
  int8_dynamic_activation_int8_weight: 'Int8DynamicActivationInt8WeightConfig',
  float8_weight_only: 'Float8WeightOnlyConfig',
  float8_dynamic_activation_float8_weight: 'Float8DynamicActivationFloat8WeightConfig',
};

/**
 * torchao's config: one scheme for all (`quant_type.default`, a class with its arguments), or one per module (`FqnToConfig`). A class
 * that is not known keeps the bits of its name.
 */
export function torchaoFrom(read: QuantizationFields): Quantization {
  const skip = read.words('modules_to_not_convert');
  const common = {
    method: 'torchao',
    ...(skip.length > 0 ? { skip } : {}),
    ...(read.flag('include_input_output_embeddings') === true ? { embeddings: true } : {}),
  };
  const text = typeof read.raw('quant_type') === 'string' ? read.text('quant_type') : null;
  if (text !== null) {
    const name = Object.hasOwn(asText, text) ? (asText[text] ?? text) : text;
    return read.done({ ...common, ...schemeOf(read, name, read.record('quant_type_kwargs')) });
  }
  const holder = read.record('quant_type')?.record('default') ?? null;
  if (holder === null) {
    read.say('quant_type names no config of torchao');
    return read.done(common);
  }
  const name = holder.text('_type') ?? '';
  const data = holder.record('_data');
  if (!/^(FqnToConfig|ModuleFqnToConfig|AOPerModuleConfig)$/.test(name))
    return read.done({ ...common, ...schemeOf(read, name, data) });
  const table = data?.entries('fqn_to_config') ?? [];
  const modules = table.length > 0 ? table : (data?.entries('module_fqn_to_config') ?? []);
  const groups: WeightGroup[] = [];
  let usual: WeightScheme | null = null;
  for (const [module, value] of modules) {
    const own = isRecord(value) ? read.within('quant_type', value) : null;
    const scheme: WeightScheme =
      own === null
        ? { bits: 16, groupSize: null, type: 'plain' }
        : schemeOf(read, own.text('_type') ?? '', own.record('_data'));
    if (module === '_default') usual = scheme;
    else groups.push({ ...scheme, targets: [module] });
  }
  // Without a default only the named modules are quantised.
  const rest: WeightScheme = usual ?? { bits: 16, groupSize: null, type: 'plain' };
  return read.done({ ...common, groups: [...groups, { ...rest, targets: ['Linear'] }] });
}

function schemeOf(read: QuantizationFields, name: string, data: QuantizationFields | null): WeightScheme {
  const groupSize = data?.group(['group_size']) ?? null;
  const perTensor = granularityOf(data, ['granularity', 'weight_granularity']) === 'PerTensor';
  switch (name) {
    case 'Int8WeightOnlyConfig':
    case 'Int8DynamicActivationInt8WeightConfig':
    case 'Int8StaticActivationInt8WeightConfig':
      return { type: 'int8', bits: 8, groupSize, strategy: groupSize === null ? 'channel' : 'group' };
    case 'Float8WeightOnlyConfig':
    case 'Float8DynamicActivationFloat8WeightConfig':
    case 'Float8StaticActivationFloat8WeightConfig':
      return { type: 'float8', bits: 8, groupSize: null, strategy: perTensor ? 'tensor' : 'channel' };
    case 'Int4WeightOnlyConfig':
    case 'Float8DynamicActivationInt4WeightConfig':
      return { type: 'int4', bits: 4, groupSize: groupSize ?? 128, strategy: 'group' };
    case 'IntxWeightOnlyConfig':
    case 'Int8DynamicActivationIntxWeightConfig':
      return intx(data);
    default: {
      const bits = Number(/(\d)/.exec(name.replace(/Dynamic\w*?Activation/u, ''))?.[1] ?? 0);
      read.say(`torchao's ${name === '' ? 'config' : name.slice(0, 60)} is not known`);
      return bits === 0
        ? { type: 'plain', bits: 16, groupSize: null }
        : { type: bits === 4 ? 'int4' : 'int8', bits, groupSize, strategy: 'group' };
    }
  }
}

function intx(data: QuantizationFields | null): WeightScheme {
  const granularity = data?.record('granularity') ?? data?.record('weight_granularity') ?? null;
  const size = granularity?.record('_data')?.group(['group_size']) ?? null;
  const dtype = data?.record('weight_dtype')?.text('_data') ?? 'int8';
  const bits = Number(/(\d)$/.exec(dtype)?.[1] ?? 8);
  return { type: 'intx', bits, groupSize: size, strategy: size === null ? 'channel' : 'group' };
}

function granularityOf(data: QuantizationFields | null, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = data?.raw(key);
    const [first] = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    if (isRecord(first) && typeof first['_type'] === 'string') return first['_type'];
  }
  return null;
}
