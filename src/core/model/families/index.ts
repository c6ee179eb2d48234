import type { Family } from '../family';
import { bert } from './bert';
import { distilbert } from './distilbert';
import { falcon } from './falcon';
import { gemma } from './gemma';
import { gemma2 } from './gemma2';
import { gemma3 } from './gemma3';
import { gpt2 } from './gpt2';
import { gptNeox } from './gptNeox';
import { mixtral } from './mixtral';
import { qwen2Moe } from './qwen2Moe';
import { qwen3Moe } from './qwen3Moe';
import { olmoe } from './olmoe';
import { gptOss } from './gptOss';
import { granite } from './granite';
import { llama } from './llama';
import { mistral } from './mistral';
import { olmo2 } from './olmo2';
import { phi } from './phi';
import { phi3 } from './phi3';
import { qwen2 } from './qwen2';
import { qwen3 } from './qwen3';
import { roberta } from './roberta';
import { stablelm } from './stablelm';

/** Every family that a config can be read as. A new family is one file here and one line. */
export const families: readonly Family[] = [
  bert,
  distilbert,
  falcon,
  gemma,
  gemma2,
  gemma3,
  gpt2,
  gptNeox,
  mixtral,
  qwen2Moe,
  qwen3Moe,
  olmoe,
  gptOss,
  granite,
  llama,
  mistral,
  olmo2,
  phi,
  phi3,
  qwen2,
  qwen3,
  roberta,
  stablelm,
];
