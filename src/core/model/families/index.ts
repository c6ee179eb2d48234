import type { Family } from '../family';
import { llama } from './llama';
import { mistral } from './mistral';
import { qwen2 } from './qwen2';
import { qwen3 } from './qwen3';

/** Every family that a config can be read as. A new family is one file here and one line. */
export const families: readonly Family[] = [llama, mistral, qwen2, qwen3];
