import type { Quantization } from '../blueprint';
import { isRecord } from '../configReader';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What a config says about how its weights are stored: `quantization_config` (also within `text_config`), or MLX's
 * `quantization`. null = it says nothing. A method that is not known keeps its name and what it says of bits.
 */
export function quantizationFromConfig(config: Fields): Quantization | null {
  const text = isRecord(config['text_config']) ? config['text_config'] : {};
  for (const holder of [config, text]) {
    const found = holder['quantization_config'] ?? holder['compression_config'];
    if (isRecord(found)) return parsed(found);
  }
  const mlx = config['quantization'];
  return isRecord(mlx) && typeof mlx['bits'] === 'number'
    ? { method: 'mlx', ...bitsOf(mlx), groupSize: positive(mlx['group_size']) ?? 64 }
    : null;
}

function parsed(fields: Fields): Quantization {
  const method = methodOf(fields);
  switch (method) {
    case 'bitsandbytes': {
      const skip = words(fields['llm_int8_skip_modules']);
      const kept = skip.length > 0 ? { skip } : {};
      if (fields['load_in_4bit'] === true || fields['_load_in_4bit'] === true)
        return {
          method: fields['bnb_4bit_quant_type'] === 'nf4' ? 'bnb-nf4' : 'bnb-fp4',
          bits: 4,
          doubleQuant: fields['bnb_4bit_use_double_quant'] === true,
          ...kept,
        };
      return { method: 'bnb-int8', bits: 8, ...kept };
    }
    case 'gptq':
    case 'awq':
    case 'auto-round':
      return {
        method: method === 'auto-round' ? 'gptq' : method,
        bits: positive(fields['bits'] ?? fields['w_bit']) ?? 4,
        groupSize: positive(fields['group_size'] ?? fields['q_group_size']),
        zeroPoint: fields['sym'] === undefined ? fields['zero_point'] !== false : fields['sym'] !== true,
        skip: words(fields['modules_to_not_convert']),
      };
    case 'fp8':
    case 'fbgemm_fp8':
      return {
        method: 'fp8',
        bits: 8,
        blockShape: pair(fields['weight_block_size']),
        skip: [...words(fields['modules_to_not_convert']), ...words(fields['ignored_layers'])],
      };
    case 'mxfp4':
      return { method: 'mxfp4', bits: 4, groupSize: 32, skip: words(fields['modules_to_not_convert']) };
    case 'hqq': {
      const weights = firstRecord(fields['quant_config']) ?? fields;
      return {
        method: 'hqq',
        ...bitsOf(weights, 'nbits'),
        groupSize: positive(weights['group_size']) ?? 64,
        skip: words(fields['skip_modules']),
      };
    }
    case 'exl2':
    case 'exl3':
      return { method, ...bitsOf(fields) };
    case 'compressed-tensors':
      return compressedTensors(fields);
    case 'modelopt':
      return modelopt(fields);
    default: {
      const skip = words(fields['modules_to_not_convert']);
      return {
        method,
        ...bitsOf(fields),
        groupSize: positive(fields['group_size']),
        ...(skip.length > 0 ? { skip } : {}),
      };
    }
  }
}

function methodOf(fields: Fields): string {
  const method = fields['quant_method'];
  if (typeof method === 'string') return method.toLowerCase();
  // ModelOpt's own files name the algorithm alone.
  if (typeof fields['quant_algo'] === 'string') return 'modelopt';
  if (isRecord(fields['config_groups'])) return 'compressed-tensors';
  if (fields['load_in_4bit'] === true || fields['load_in_8bit'] === true) return 'bitsandbytes';
  return 'unknown';
}

/** compressed-tensors: groups of module patterns with the format of their weights. */
function compressedTensors(fields: Fields): Quantization {
  const groups = isRecord(fields['config_groups']) ? Object.values(fields['config_groups']) : [];
  const read = groups.filter(isRecord).flatMap((group) => {
    const weights = group['weights'];
    if (!isRecord(weights)) return [];
    const kind = typeof weights['type'] === 'string' ? weights['type'] : 'int';
    return [
      {
        targets: words(group['targets']),
        bits: positive(weights['num_bits']) ?? 8,
        groupSize: positive(weights['group_size']),
        type: typeof fields['format'] === 'string' ? `${kind}:${fields['format']}` : kind,
      },
    ];
  });
  const [first] = read;
  return {
    method: 'compressed-tensors',
    ...(first === undefined ? {} : { bits: first.bits, groupSize: first.groupSize, type: first.type }),
    groups: read,
    skip: words(fields['ignore']),
    kvCache: isRecord(fields['kv_cache_scheme']) ? 'fp8' : null,
  };
}

/** NVIDIA ModelOpt; the same fields stand in `hf_quant_config.json` under `quantization`. */
export function modelopt(fields: Fields): Quantization {
  const algorithm = typeof fields['quant_algo'] === 'string' ? fields['quant_algo'].toUpperCase() : '';
  const skip = [...words(fields['exclude_modules']), ...words(fields['ignore'])];
  const cache = fields['kv_cache_quant_algo'];
  const kvCache = typeof cache === 'string' ? cache.toLowerCase() : null;
  if (algorithm.includes('NVFP4')) return { method: 'nvfp4', bits: 4, groupSize: 16, skip, kvCache };
  if (algorithm.startsWith('FP8')) return { method: 'fp8', bits: 8, blockShape: null, skip, kvCache };
  if (algorithm.includes('AWQ'))
    return { method: 'awq', bits: 4, groupSize: positive(fields['group_size']) ?? 128, skip, kvCache };
  return { method: 'modelopt', type: algorithm, skip, kvCache };
}

function bitsOf(fields: Fields, key = 'bits'): { bits?: number } {
  const bits = fields[key];
  return typeof bits === 'number' && bits > 0 && bits <= 32 ? { bits } : {};
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1e9 ? value : null;
}

function words(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function pair(value: unknown): readonly [number, number] | null {
  if (!Array.isArray(value)) return null;
  const [rows, columns] = [positive(value[0]), positive(value[1])];
  return rows === null || columns === null ? null : [rows, columns];
}

function firstRecord(value: unknown): Fields | null {
  if (!isRecord(value)) return null;
  const nested = value['weight_quant_params'];
  return isRecord(nested) ? nested : null;
}
