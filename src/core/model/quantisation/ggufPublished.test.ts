import assert from 'node:assert/strict';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { parameterCount } from '../parameters';
import { weightBytes } from './weightBytes';

/** Bits a weight of Llama 3.1 8B as llama.cpp's quantiser printed them. Source: llama.cpp tools/quantize/README.md, 2025. */
const published: Readonly<Record<string, number>> = {
  IQ1_S: 2.0042,
  IQ1_M: 2.146,
  IQ2_XXS: 2.3824,
  IQ2_XS: 2.5882,
  IQ2_S: 2.7403,
  IQ2_M: 2.9294,
  IQ3_XXS: 3.2548,
  IQ3_XS: 3.4977,
  IQ3_S: 3.6606,
  IQ3_M: 3.7628,
  IQ4_XS: 4.4597,
  IQ4_NL: 4.6818,
  Q2_K_S: 2.9697,
  Q2_K: 3.1593,
  Q3_K_S: 3.6429,
  Q3_K_L: 4.2979,
  Q4_K_S: 4.6672,
  Q4_K_M: 4.8944,
  Q5_K_S: 5.5704,
  Q5_K_M: 5.7036,
  Q6_K: 6.5633,
  Q8_0: 8.5008,
  F16: 16.0005,
};

describe('GGUF mixes against the figures that llama.cpp publishes', () => {
  const outcome = blueprintFromConfig({
    architectures: ['LlamaForCausalLM'],
    vocab_size: 128_256,
    hidden_size: 4096,
    intermediate_size: 14_336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    torch_dtype: 'bfloat16',
  });

  for (const [type, bits] of Object.entries(published))
    it(`${type}: ${bits} bits a weight`, () => {
      assert.ok(outcome.ok);
      // The two 4-bit IQ rows were made without an importance matrix: the early ffn_down are wider then.
      const imatrix = !type.startsWith('IQ4');
      const { total } = weightBytes(outcome.blueprint, { method: 'gguf', type, imatrix });
      const ours = (8 * total) / parameterCount(outcome.blueprint);
      assert.ok(Math.abs(ours - bits) <= 0.0001, `${ours}`);
    });
});
