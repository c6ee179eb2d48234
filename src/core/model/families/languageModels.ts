import type { ConfigReader } from '../configReader';
import type { Backbone, DecoderFamily } from '../parts/decoderFamily';
import type { ModelBuilder } from '../parts/modelBuilder';
import { gemma } from './gemma';
import { gemma2 } from './gemma2';
import { gptOss } from './gptOss';
import { granite } from './granite';
import { llama } from './llama';
import { ministral3 } from './ministral3';
import { mistral } from './mistral';
import { mixtral } from './mixtral';
import { phi } from './phi';
import { phi3 } from './phi3';
import { qwen2 } from './qwen2';
import { qwen2Moe } from './qwen2Moe';
import { qwen3 } from './qwen3';
import { qwen3Moe } from './qwen3Moe';
import { smollm3 } from './smollm3';

const decoders: readonly DecoderFamily[] = [
  gemma,
  gemma2,
  gptOss,
  granite,
  llama,
  ministral3,
  mistral,
  mixtral,
  phi,
  phi3,
  qwen2,
  qwen2Moe,
  qwen3,
  qwen3Moe,
  smollm3,
];

/** The language model within another model: whichever decoder `model_type` of its section names. */
export function languageModel(config: ConfigReader, model: ModelBuilder): Backbone {
  const named = config.value('model_type') ?? config.modelType;
  const family = decoders.find(({ modelType }) => modelType === named);
  if (family !== undefined) return family.backbone(config, model);
  config.problem('model_type', `one of ${decoders.map(({ modelType }) => modelType).join(', ')}`);
  return { hidden: 1, vocab: 1 };
}
