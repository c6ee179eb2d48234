import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Blueprint } from './blueprint';
import { blueprintFromConfig } from './blueprintFromConfig';
import { activeParameterCount, checkpointLayout, parameterCount } from './parameters';
import { weightBytes } from './quantisation/weightBytes';

interface Shape {
  readonly vocab: number;
  readonly layers: number;
  readonly kvHeads: number;
  readonly group: number;
  readonly headDim: number;
  readonly explicit: boolean;
  readonly width: number;
  readonly intermediate: number;
  readonly tied: boolean;
  readonly dtype: 'float32' | 'bfloat16' | 'float16';
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  vocab: fc.integer({ min: 1, max: 300_000 }),
  layers: fc.integer({ min: 1, max: 40 }),
  kvHeads: fc.integer({ min: 1, max: 16 }),
  group: fc.integer({ min: 1, max: 8 }),
  headDim: fc.integer({ min: 1, max: 256 }),
  explicit: fc.boolean(),
  width: fc.integer({ min: 1, max: 9000 }),
  intermediate: fc.integer({ min: 1, max: 30_000 }),
  tied: fc.boolean(),
  dtype: fc.constantFrom('float32', 'bfloat16', 'float16'),
});

/** Biases and norms that a family has beyond plain llama, per layer. */
interface Extras {
  readonly qkvBias: boolean;
  readonly headNorms: boolean;
}

const families = {
  LlamaForCausalLM: { qkvBias: false, headNorms: false },
  MistralForCausalLM: { qkvBias: false, headNorms: false },
  Qwen2ForCausalLM: { qkvBias: true, headNorms: false },
  Qwen3ForCausalLM: { qkvBias: false, headNorms: true },
} satisfies Record<string, Extras>;

/** The number of parameters by hand: what a paper's appendix would write. */
function closedForm(shape: Shape, hidden: number, extras: Extras): number {
  const queries = shape.kvHeads * shape.group * shape.headDim;
  const keys = shape.kvHeads * shape.headDim;
  const attention = hidden * (queries + 2 * keys) + queries * hidden;
  const bias = extras.qkvBias ? queries + 2 * keys : 0;
  const norms = 2 * hidden + (extras.headNorms ? 2 * shape.headDim : 0);
  const layer = attention + bias + norms + 3 * hidden * shape.intermediate;
  return shape.layers * layer + hidden + shape.vocab * hidden * (shape.tied ? 1 : 2);
}

function build(config: unknown): Blueprint {
  const outcome = blueprintFromConfig(config);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

describe('parameters and weight bytes', () => {
  for (const [name, extras] of Object.entries(families))
    it(`are the closed form for 1,000 random ${name} configs`, () => {
      fc.assert(
        fc.property(shapes, (shape) => {
          const heads = shape.kvHeads * shape.group;
          // qwen3 always has a head_dim of its own, qwen2 none.
          const explicit = name === 'Qwen3ForCausalLM' || (shape.explicit && name !== 'Qwen2ForCausalLM');
          const hidden = explicit ? shape.width : heads * shape.headDim;
          const config = {
            architectures: [name],
            vocab_size: shape.vocab,
            hidden_size: hidden,
            intermediate_size: shape.intermediate,
            num_hidden_layers: shape.layers,
            num_attention_heads: heads,
            num_key_value_heads: shape.kvHeads,
            tie_word_embeddings: shape.tied,
            torch_dtype: shape.dtype,
            ...(explicit ? { head_dim: shape.headDim } : {}),
          };
          const blueprint = build(config);
          const expected = closedForm(shape, hidden, extras);
          assert.equal(parameterCount(blueprint), expected);
          assert.equal(activeParameterCount(blueprint), expected);
          const bytes = shape.dtype === 'float32' ? 4 : 2;
          assert.equal(weightBytes(blueprint, null).total, expected * bytes);
          assert.equal(checkpointLayout(blueprint).length, blueprint.tensors.length - (shape.tied ? 1 : 0));
        }),
        { numRuns: 1000 },
      );
    });
});
