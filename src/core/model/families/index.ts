import type { Family } from '../family';
import { bert } from './bert';
import { bloom } from './bloom';
import { cohere } from './cohere';
import { distilbert } from './distilbert';
import { falcon } from './falcon';
import { gemma } from './gemma';
import { gemma2 } from './gemma2';
import { gemma3 } from './gemma3';
import { glm } from './glm';
import { gpt2 } from './gpt2';
import { gptBigcode } from './gptBigcode';
import { gptj } from './gptj';
import { gptNeo } from './gptNeo';
import { gptNeox } from './gptNeox';
import { gptOss } from './gptOss';
import { granite } from './granite';
import { llama } from './llama';
import { mistral } from './mistral';
import { mixtral } from './mixtral';
import { mpt } from './mpt';
import { olmo } from './olmo';
import { olmo2 } from './olmo2';
import { olmo3 } from './olmo3';
import { olmoe } from './olmoe';
import { opt } from './opt';
import { phi } from './phi';
import { phi3 } from './phi3';
import { qwen2 } from './qwen2';
import { qwen2Moe } from './qwen2Moe';
import { qwen3 } from './qwen3';
import { qwen3Moe } from './qwen3Moe';
import { roberta } from './roberta';
import { smollm3 } from './smollm3';
import { stablelm } from './stablelm';
import { starcoder2 } from './starcoder2';

/** Every family that a config can be read as. A new family is one file here and one line. */
export const families: readonly Family[] = [
  bert,
  bloom,
  cohere,
  distilbert,
  falcon,
  gemma,
  gemma2,
  gemma3,
  glm,
  gpt2,
  gptBigcode,
  gptj,
  gptNeo,
  gptNeox,
  gptOss,
  granite,
  llama,
  mistral,
  mixtral,
  mpt,
  olmo,
  olmo2,
  olmo3,
  olmoe,
  opt,
  phi,
  phi3,
  qwen2,
  qwen2Moe,
  qwen3,
  qwen3Moe,
  roberta,
  smollm3,
  stablelm,
  starcoder2,
];
