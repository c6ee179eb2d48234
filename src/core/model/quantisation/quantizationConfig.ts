import type { Quantization, WeightGroup, WeightScheme } from '../blueprint';
import { isRecord } from '../configReader';
import { QuantizationFields } from './quantizationFields';
import { isModelOptAlgorithm } from './modelopt';
import { globTarget } from './modulePatterns';
import { torchaoFrom } from './torchaoConfig';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What a config says about how its weights are stored: `quantization_config` (also within `text_config`), or MLX's
 * `quantization`. null = it says nothing. A method or a value that is not known keeps what is known of it, and `unread` says so.
 */
export function quantizationFromConfig(config: Fields): Quantization | null {
  const mlx = config['quantization'];
  if (isRecord(mlx) && mlx['bits'] !== undefined && mlx['quant_algo'] === undefined) return mlxFrom(mlx);
  const text = isRecord(config['text_config']) ? config['text_config'] : {};
  for (const holder of [config, text]) {
    const found = holder['quantization_config'] ?? holder['compression_config'];
    // DeepSeek-V4 says beside the method that its experts are narrower.
    if (isRecord(found))
      return parsed('expert_dtype' in holder ? { expert_dtype: holder['expert_dtype'], ...found } : found);
    if (found !== undefined && found !== null)
      return { method: 'unknown', unread: 'quantization_config is no object' };
  }
  return null;
}

function parsed(fields: Fields): Quantization {
  const method = methodOf(fields);
  const read = new QuantizationFields(fields);
  switch (method) {
    case 'bitsandbytes':
      return bitsandbytesFrom(read);
    case 'gptq':
    case 'gptq_marlin':
      return gptqFrom(read);
    case 'awq':
    case 'awq_marlin':
      return read.done({
        method: 'awq',
        bits: read.bits(['bits', 'w_bit'], [2, 3, 4, 8]) ?? 4,
        groupSize: read.group(['group_size', 'q_group_size']),
        zeroPoint: read.flag('zero_point') !== false,
        skip: read.words('modules_to_not_convert'),
      });
    case 'auto-round':
    case 'intel/auto-round':
      return autoRoundFrom(read);
    case 'fp8':
    case 'mxfp8':
      return fp8From(read, method);
    case 'fbgemm_fp8':
      return read.done({ method: 'fbgemm-fp8', bits: 8, skip: read.words('modules_to_not_convert') });
    case 'mxfp4':
      return read.done({ method, bits: 4, groupSize: 32, skip: read.words('modules_to_not_convert') });
    case 'hqq':
      return hqqFrom(read);
    case 'exl2':
    case 'exl3':
      return read.done({
        method,
        ...given('bits', read.bits(['bits'], null)),
        ...given('headBits', read.bits(['head_bits'], null)),
      });
    case 'compressed-tensors':
      return compressedTensorsFrom(read);
    case 'modelopt':
    case 'modelopt_fp4':
      return modeloptFrom(read);
    case 'quark':
      return quarkFrom(read);
    case 'torchao':
      return torchaoFrom(read);
    case 'quanto':
      return quantoFrom(read);
    case 'eetq':
      return read.done({ method, bits: 8, skip: read.words('modules_to_not_convert') });
    case 'bitnet':
      return bitnetFrom(read);
    case 'higgs':
    case 'metal':
      return read.done({
        method,
        bits: read.bits(['bits'], [1, 2, 3, 4, 8]) ?? 4,
        groupSize: read.group(['group_size']) ?? (method === 'higgs' ? 256 : 64),
        skip: read.words('modules_to_not_convert'),
      });
    case 'aqlm':
      return aqlmFrom(read);
    default:
      return otherMethod(read, method);
  }
}

function methodOf(fields: Fields): string {
  const method = fields['quant_method'];
  if (typeof method === 'string' && method !== '') return method.toLowerCase().slice(0, 60);
  // ModelOpt's own files name the algorithm alone.
  if (typeof fields['quant_algo'] === 'string') return 'modelopt';
  if (isRecord(fields['config_groups'])) return 'compressed-tensors';
  if (fields['load_in_4bit'] === true || fields['load_in_8bit'] === true) return 'bitsandbytes';
  return 'unknown';
}

/** `{ [key]: value }`, or nothing where there is no value. */
function given<K extends string, V>(key: K, value: V | null): { readonly [key in K]?: V } {
  return value === null ? {} : ({ [key]: value } as { readonly [key in K]: V });
}

function bitsandbytesFrom(read: QuantizationFields): Quantization {
  const skip = read.words('llm_int8_skip_modules');
  const kept = skip.length > 0 ? { skip } : {};
  if (read.flag('load_in_4bit') !== true && read.flag('_load_in_4bit') !== true)
    return read.flag('llm_int8_has_fp16_weight') === true
      ? read.done({ method: 'bnb-int8', bits: 16, skip: everything })
      : read.done({ method: 'bnb-int8', bits: 8, ...kept });
  const type = read.word('bnb_4bit_quant_type', ['nf4', 'fp4']);
  return read.done({
    method: type === 'nf4' ? 'bnb-nf4' : 'bnb-fp4',
    bits: 4,
    doubleQuant: read.flag('bnb_4bit_use_double_quant') === true,
    ...kept,
  });
}

function gptqFrom(read: QuantizationFields): Quantization {
  const { groups, skip } = dynamicRules(read);
  return read.done({
    method: 'gptq',
    bits: read.bits(['bits', 'w_bit'], [2, 3, 4, 8]) ?? 4,
    groupSize: read.group(['group_size', 'q_group_size']),
    zeroPoint: read.has('sym') ? read.flag('sym') !== true : read.flag('zero_point') !== false,
    skip: [...read.words('modules_to_not_convert'), ...skip],
    ...(read.flag('lm_head') === true ? { head: true } : {}),
    ...(groups.length > 0 ? { groups } : {}),
  });
}

/** GPTQModel's `dynamic`: expressions with `-:` before modules that stay, else with the bits that are theirs. */
function dynamicRules(read: QuantizationFields): {
  readonly groups: readonly WeightGroup[];
  readonly skip: readonly string[];
} {
  const groups: WeightGroup[] = [];
  for (const [key, rule] of read.entries('dynamic')) {
    const expression = `re:${key.replace(/^[+-]:/, '')}`;
    const own = read.within('dynamic', rule);
    const bits = key.startsWith('-:') ? 16 : (own.bits(['bits'], [2, 3, 4, 8]) ?? null);
    if (bits !== null)
      groups.push({ targets: [expression], bits, groupSize: own.group(['group_size']), type: 'int' });
  }
  return { groups, skip: [] };
}

/** AutoRound packs like GPTQ or like AWQ; `extra_config` names the modules with other bits. */
function autoRoundFrom(read: QuantizationFields): Quantization {
  const bits = read.bits(['bits'], [2, 3, 4, 8]) ?? 4;
  const groupSize = read.group(['group_size']);
  const groups = read.entries('extra_config').flatMap(([name, rule]): WeightGroup[] => {
    const own = read.within('extra_config', rule);
    const ownBits = own.bits(['bits'], null);
    return ownBits === null
      ? []
      : [{ targets: [name], bits: ownBits, groupSize: own.group(['group_size']) ?? groupSize, type: 'int' }];
  });
  const format = read.text('packing_format') ?? '';
  const common = { bits, groupSize, zeroPoint: read.flag('sym') !== true };
  const skip = [
    ...read.words('modules_to_not_convert'),
    ...groups.filter((group) => group.bits >= 16).flatMap(({ targets }) => targets),
  ];
  return format.includes('awq')
    ? read.done({ method: 'awq', ...common, skip })
    : read.done({ method: 'gptq', ...common, skip, ...(groups.length > 0 ? { groups } : {}) });
}

function fp8From(read: QuantizationFields, method: string): Quantization {
  const written = read.pair('weight_block_size');
  const blockShape = method === 'mxfp8' ? (written ?? ([1, 32] as const)) : written;
  const ue8m0 = method === 'mxfp8' || read.text('scale_fmt') === 'ue8m0';
  return read.done({
    method: 'fp8',
    bits: 8,
    blockShape,
    ...(ue8m0 ? { scaleType: 'ue8m0' as const } : {}),
    ...(read.text('expert_dtype') === 'fp4' ? { expertType: 'fp4' as const } : {}),
    ...(read.text('activation_scheme') === 'static' ? { inputScale: true } : {}),
    skip: [...read.words('modules_to_not_convert'), ...read.words('ignored_layers')],
  });
}

function hqqFrom(read: QuantizationFields): Quantization {
  const outer = read.record('quant_config') ?? read;
  const skip = read.words('skip_modules');
  const usual = outer.record('weight_quant_params') ?? outer;
  // A config per kind of module names them by their path without numbers.
  const groups = outer.entriesOfRecords().flatMap(([tag, rule]): WeightGroup[] => {
    const own = outer.within(tag, rule).record('weight_quant_params');
    const bits = own?.bits(['nbits'], [1, 2, 3, 4, 5, 6, 8]) ?? null;
    return own === null || bits === null
      ? []
      : [
          {
            targets: [`re:.*${tag.replaceAll('.', '\\.')}$`],
            bits,
            groupSize: own.group(['group_size']),
            type: 'hqq',
          },
        ];
  });
  return read.done({
    method: 'hqq',
    ...given('bits', usual.bits(['nbits'], [1, 2, 3, 4, 5, 6, 8])),
    groupSize: usual.holds('group_size') ? usual.group(['group_size']) : 64,
    skip,
    ...(groups.length > 0 ? { groups } : {}),
  });
}

function quantoFrom(read: QuantizationFields): Quantization {
  const weights = read.word('weights', ['int8', 'int4', 'int2', 'float8']) ?? 'int8';
  return read.done({
    method: 'quanto',
    bits: Number(/\d+/.exec(weights)?.[0] ?? 8),
    skip: read.words('modules_to_not_convert'),
  });
}

/** An expression that every module's name matches. */
const everything: readonly string[] = ['.*'];

/** `autobitlinear` keeps the weights in the model's type and rounds them when it multiplies. */
function bitnetFrom(read: QuantizationFields): Quantization {
  const skip = read.words('modules_to_not_convert');
  return read.text('linear_class') === 'autobitlinear'
    ? read.done({ method: 'bitnet', bits: 16, skip: everything })
    : read.done({ method: 'bitnet', bits: 2, skip });
}

function aqlmFrom(read: QuantizationFields): Quantization {
  const codebooks = read.group(['num_codebooks']) ?? 1;
  const group = read.group(['in_group_size']) ?? 8;
  const bits = read.bits(['nbits_per_codebook'], null) ?? 16;
  return read.done({
    method: 'aqlm',
    bits: (bits * codebooks) / group,
    groupSize: group,
    codebooks,
    skip: read.words('linear_weights_not_to_quantize'),
  });
}

/** compressed-tensors: groups of module patterns with the scheme of their weights. */
function compressedTensorsFrom(read: QuantizationFields): Quantization {
  const outerFormat = read.text('format');
  const groups = read.entries('config_groups').flatMap(([, entry]): WeightGroup[] => {
    const group = read.within('config_groups', entry);
    const weights = group.record('weights');
    if (weights === null) return [];
    const scheme = schemeFrom(weights, group, group.text('format') ?? outerFormat);
    return [{ ...scheme, targets: group.words('targets') }];
  });
  const [first] = groups;
  if (first === undefined) read.say('config_groups names no weights');
  const sparsity = read.record('sparsity_config')?.text('format') ?? 'dense';
  if (sparsity !== 'dense') read.say(`sparsity_config ${sparsity.slice(0, 40)} is not counted`);
  return read.done({
    method: 'compressed-tensors',
    ...(first === undefined
      ? { groups: [] }
      : { bits: first.bits, groupSize: first.groupSize, type: first.type, groups }),
    skip: read.words('ignore'),
    kvCache: read.record('kv_cache_scheme') === null ? null : 'fp8',
  });
}

const containers = [
  'dense',
  'pack-quantized',
  'int-quantized',
  'float-quantized',
  'naive-quantized',
  'nvfp4-pack-quantized',
  'mxfp4-pack-quantized',
  'mxfp6-pack-quantized',
  'mxfp8-quantized',
  'mixed-precision',
] as const;

function schemeFrom(
  weights: QuantizationFields,
  group: QuantizationFields,
  format: string | null,
): WeightScheme {
  const kind = weights.word('type', ['int', 'float']) ?? 'int';
  const bits = weights.bits(['num_bits'], null) ?? 8;
  const groupSize = weights.group(['group_size']);
  const known = containers.find((name) => name === format);
  if (format !== null && known === undefined) group.say(`format ${format.slice(0, 40)} is not known`);
  const container = known ?? containerOf(kind, bits, groupSize);
  const strategy = weights.word('strategy', ['tensor', 'channel', 'group', 'block', 'tensor_group']);
  const inputs = group.record('input_activations');
  // Scales of inputs that are computed anew for each of them are not stored; of NVFP4 the outer one is.
  const inputScale =
    inputs !== null &&
    (inputs.flag('dynamic') !== true || (bits === 4 && kind === 'float' && groupSize === 16));
  return {
    bits,
    groupSize,
    type: `${kind}:${container}`,
    strategy:
      strategy === 'tensor_group' ? 'group' : (strategy ?? (groupSize === null ? 'channel' : 'group')),
    ...given('blockShape', weights.pair('block_structure')),
    ...(weights.flag('symmetric') === false ? { zeroPoint: true } : {}),
    ...(inputScale ? { inputScale: true } : {}),
    // `weight_g_idx`, which published checkpoints have; compressed-tensors 0.20 writes it no more.
    ...(weights.raw('actorder') === 'group' || weights.raw('actorder') === true ? { order: true } : {}),
  };
}

/** The container that a compressor chooses where none is written (compressed_tensors config/format.py). */
function containerOf(kind: string, bits: number, groupSize: number | null): string {
  if (kind === 'float' && bits === 4)
    return groupSize === 16 ? 'nvfp4-pack-quantized' : 'mxfp4-pack-quantized';
  if (kind === 'float') return 'float-quantized';
  return bits < 8 ? 'pack-quantized' : 'int-quantized';
}

/** NVIDIA ModelOpt; the same fields stand in `hf_quant_config.json` under `quantization`. */
function modeloptFrom(read: QuantizationFields): Quantization {
  const algorithm = (read.text('quant_algo') ?? '').toUpperCase();
  const cache = read.text('kv_cache_quant_algo');
  const common = {
    skip: [...read.words('exclude_modules'), ...read.words('ignore')].map(globTarget),
    kvCache: cache === null ? null : cache.toLowerCase(),
  };
  if (algorithm === 'MIXED_PRECISION' || (algorithm === '' && read.has('quantized_layers'))) {
    const groups = mixedGroups(read);
    return read.done({ method: 'modelopt', groups, ...common });
  }
  const groupSize = read.group(['group_size']);
  if (algorithm === '') read.say('quant_algo is missing');
  else if (!isModelOptAlgorithm(algorithm)) read.say(`quant_algo ${algorithm.slice(0, 40)} is not known`);
  return read.done({
    method: algorithm.startsWith('NVFP4') ? 'nvfp4' : 'modelopt',
    type: algorithm,
    ...given('bits', bitsOfAlgorithm(algorithm)),
    ...(groupSize === null ? {} : { groupSize }),
    ...common,
  });
}

function bitsOfAlgorithm(algorithm: string): number | null {
  if (/FP4|W4|INT4/.test(algorithm)) return 4;
  return /FP8|W8|INT8/.test(algorithm) ? 8 : null;
}

/** Every module under its own algorithm: `quantized_layers` of the file, or the groups that config.json has in its place. */
function mixedGroups(read: QuantizationFields): readonly WeightGroup[] {
  const byScheme = new Map<string, { readonly scheme: WeightScheme; readonly targets: string[] }>();
  const add = (type: string, groupSize: number | null, targets: readonly string[]): void => {
    const key = `${type} ${String(groupSize)}`;
    const known = byScheme.get(key) ?? {
      scheme: { bits: bitsOfAlgorithm(type) ?? 8, groupSize, type },
      targets: [],
    };
    known.targets.push(...targets);
    byScheme.set(key, known);
  };
  for (const [name, entry] of read.entries('quantized_layers')) {
    const layer = read.within('quantized_layers', entry);
    const type = (layer.text('quant_algo') ?? '').toUpperCase();
    if (!isModelOptAlgorithm(type))
      read.say(`quant_algo ${type.slice(0, 40)} of ${name.slice(0, 80)} is not known`);
    else add(type, layer.group(['group_size']), [globTarget(name)]);
  }
  if (byScheme.size === 0)
    for (const [, entry] of read.entries('config_groups')) {
      const group = read.within('config_groups', entry);
      const weights = group.record('weights');
      const bits = weights?.bits(['num_bits'], null) ?? null;
      if (weights === null || bits === null) continue;
      const type = bits === 8 ? 'FP8' : group.record('input_activations') === null ? 'W4A16_NVFP4' : 'NVFP4';
      add(type, weights.group(['group_size']), group.words('targets').map(globTarget));
    }
  return [...byScheme.values()].map(({ scheme, targets }) => ({ ...scheme, targets }));
}

/** AMD Quark: one scheme for all, exceptions by layer; its containers are those of ModelOpt (quark's export). */
function quarkFrom(read: QuantizationFields): Quantization {
  const weight = (outer: QuantizationFields | null): QuantizationFields | null =>
    outer?.record('weight') ?? null;
  const algorithm = (fields: QuantizationFields | null): string | null => {
    const dtype = fields?.text('dtype') ?? '';
    const scheme = fields?.text('qscheme') ?? '';
    if (dtype.startsWith('fp8')) return scheme === 'per_channel' ? 'FP8_PER_CHANNEL_PER_TOKEN' : 'FP8';
    if (dtype === 'fp4') return 'MXFP4';
    if (dtype === 'int8') return 'W8A16';
    return dtype === 'int4' || dtype === 'uint4' ? 'W4A16_AWQ' : null;
  };
  const usual = weight(read.record('global_quant_config'));
  const type = algorithm(usual);
  const groups = read.entries('layer_quant_config').flatMap(([name, entry]): WeightGroup[] => {
    const own = weight(read.within('layer_quant_config', entry));
    const ownType = algorithm(own);
    return ownType === null
      ? []
      : [
          {
            targets: [globTarget(name)],
            bits: bitsOfAlgorithm(ownType) ?? 8,
            groupSize: own?.group(['group_size']) ?? null,
            type: ownType,
          },
        ];
  });
  if (type === null) read.say('global_quant_config names no type of weights that is known');
  const groupSize = usual?.group(['group_size']) ?? null;
  const all: WeightGroup[] =
    type === null ? [] : [{ targets: ['Linear'], bits: bitsOfAlgorithm(type) ?? 8, groupSize, type }];
  return read.done({
    method: 'quark',
    ...(type === null ? {} : { type, ...given('bits', bitsOfAlgorithm(type)) }),
    groups: [...groups, ...all],
    skip: read.words('exclude').map(globTarget),
  });
}

/** MLX writes what holds for all, and the modules that differ under their names: a scheme of their own, or false. */
function mlxFrom(fields: Fields): Quantization {
  const read = new QuantizationFields(fields);
  const bits = read.bits(['bits'], [2, 3, 4, 5, 6, 8]) ?? 4;
  const mode = read.word('mode', ['affine', 'mxfp4', 'mxfp8', 'nvfp4']) ?? 'affine';
  const groupSize = read.group(['group_size']) ?? 64;
  const skip: string[] = [];
  const groups: WeightGroup[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === false) skip.push(mlxName(name));
    else if (isRecord(value)) {
      const own = read.within(name, value);
      groups.push({
        targets: [mlxName(name)],
        bits: own.bits(['bits'], [2, 3, 4, 5, 6, 8]) ?? bits,
        groupSize: own.group(['group_size']) ?? groupSize,
        type: own.word('mode', ['affine', 'mxfp4', 'mxfp8', 'nvfp4']) ?? mode,
      });
    }
  }
  return read.done({
    method: 'mlx',
    bits,
    groupSize,
    ...(mode === 'affine' ? {} : { type: mode }),
    ...(skip.length > 0 ? { skip } : {}),
    groups,
  });
}

/** MLX calls the stack of experts `switch_mlp`; a checkpoint's first expert stands for it. */
function mlxName(name: string): string {
  return name.replace('.switch_mlp.', '.experts.0.');
}

/** Methods that are only known by name: bits are all that is taken from them. */
function otherMethod(read: QuantizationFields, method: string): Quantization {
  const skip = read.words('modules_to_not_convert');
  const bits = read.bits(['bits', 'nbits', 'w_bit', 'weight_bits'], null) ?? vectorBits(read);
  return read.done({
    method,
    ...given('bits', bits),
    groupSize: read.group(['group_size']),
    ...(skip.length > 0 ? { skip } : {}),
  });
}

/** VPTQ: bits of a vector's indices by the first layer that is listed. */
function vectorBits(read: QuantizationFields): number | null {
  const [entry] = read.entries('config_for_layers');
  if (entry === undefined) return null;
  const layer = read.within('config_for_layers', entry[1]);
  const length = layer.numbers('vector_lens').at(-1) ?? 0;
  const indices = [
    ...layer.numbers('num_centroids').slice(-1),
    ...layer.numbers('num_res_centroids').slice(-1),
  ];
  const bits = indices.reduce((sum, count) => sum + (count > 1 ? Math.log2(count) : 0), 0) / length;
  return Number.isFinite(bits) && bits > 0 && bits <= 32 ? bits : null;
}
