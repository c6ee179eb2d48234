import { isRecord } from './configReader';

const shape = ['num_hidden_layers', 'hidden_size', 'num_attention_heads'];
const vocabulary = ['vocab_size', 'vocab_size_or_config_json_file'];

/** Whether a config names all sizes of BERT under the keys that its first code had. */
export function hasFirstBertShape(config: Readonly<Record<string, unknown>>): boolean {
  const has = (key: string): boolean => Object.hasOwn(config, key);
  return shape.every(has) && vocabulary.some(has);
}

/**
 * A config from before there was a `model_type`, which can only be BERT's, in today's keys: by itself, or as `bert_model_config`
 * of a job for DeepSpeed's bing_bert example. Any other config as it is.
 */
export function fromFirstBert(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const nested = config['bert_model_config'];
  const plain = isRecord(nested) ? nested : config;
  const named = ['model_type', 'architectures', '_class_name'].some((key) => Object.hasOwn(plain, key));
  if (named || !hasFirstBertShape(plain)) return config;
  const size = vocabulary.find((key) => Object.hasOwn(plain, key)) ?? '';
  return { ...plain, model_type: 'bert', vocab_size: plain[size] };
}
