import assert from 'node:assert/strict';
import type { Blueprint } from './blueprint';
import { blueprintFromConfig } from './blueprintFromConfig';
import { checkpointLayout, elements, parameterCount } from './parameters';
import { weightBytes } from './quantisation/weightBytes';
import { withSizes } from './weightSizes';

function model(more: object = {}): Blueprint {
  const outcome = blueprintFromConfig({
    architectures: ['MixtralForCausalLM'],
    vocab_size: 50,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    num_local_experts: 4,
    num_experts_per_tok: 2,
    torch_dtype: 'float32',
    ...more,
  });
  assert.ok(outcome.ok);
  return outcome.blueprint;
}

const source = 'pytorch_model.bin.index.json';
const total = (blueprint: Blueprint): number => weightBytes(blueprint, blueprint.quantization).total;

describe('withSizes', () => {
  const plain = model();
  const parameters = parameterCount(plain);
  const names = checkpointLayout(plain).map(({ name }) => name);

  it('takes the type that gives the bytes of the files', () => {
    for (const [bytes, dtype] of [
      [2, 'bf16'],
      [4, 'f32'],
    ] as const) {
      const sized = withSizes(plain, { source, totalBytes: bytes * parameters, names });
      assert.deepEqual([sized.dtype, sized.dtypeOrigin, total(sized)], [dtype, 'exact', bytes * parameters]);
      assert.deepEqual(sized.assumptions, [`weights as ${source} says: ${bytes * parameters} bytes`]);
    }
  });

  it('shares the bytes out where no type gives them', () => {
    const sized = withSizes(plain, { source, totalBytes: 3 * parameters, names: null });
    assert.ok(Math.abs(total(sized) - 3 * parameters) <= plain.tensors.length);
    assert.equal(sized.dtype, 'f32');
    assert.deepEqual(sized.assumptions, [
      `weights as ${source} says: ${3 * parameters} bytes, where its config gives ${4 * parameters}`,
    ]);
  });

  it('counts a tied copy that the files hold, and ties an output layer that they do not name', () => {
    const tied = model({ tie_word_embeddings: true });
    const copy = 4 * 50 * 32;
    const twice = withSizes(tied, { source, totalBytes: 4 * parameterCount(tied) + copy, names });
    assert.deepEqual([twice.dtype, total(twice)], ['f32', 4 * parameterCount(tied)]);

    const without = names.filter((name) => name !== 'lm_head.weight');
    const sized = withSizes(plain, { source, totalBytes: 4 * parameters - copy, names: without });
    assert.equal(sized.tensors.find(({ role }) => role === 'head')?.tiedTo, 'model.embed_tokens.weight');
    assert.equal(total(sized), 4 * parameters - copy);
  });

  it('says what the files hold besides, and what they lack', () => {
    const [first = '', ...others] = names;
    const sized = withSizes(plain, { source, totalBytes: 4 * parameters, names: [...others, 'model.extra'] });
    assert.ok(sized.assumptions.includes(`the files do not hold ${first}`));
    assert.ok(sized.assumptions.includes('1 tensors of the files are not loaded by the library'));
  });

  it('keeps quantised weights quantised', () => {
    const quantised = model({ quantization_config: { quant_method: 'gptq', bits: 4, group_size: 16 } });
    const expected = total(quantised);
    const sized = withSizes(quantised, { source, totalBytes: expected, names: null });
    assert.equal(total(sized), expected);
    assert.equal(sized.quantization?.method, 'gptq');
    assert.ok(expected < 2 * quantised.tensors.reduce((sum, { shape }) => sum + elements(shape), 0));
  });
});
