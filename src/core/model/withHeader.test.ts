import assert from 'node:assert/strict';
import type { Blueprint } from './blueprint';
import { blueprintFromConfig } from './blueprintFromConfig';
import { blueprintFromHeader } from './blueprintFromHeader';
import { checkpointLayout, elements, parameterCount } from './parameters';
import { weightBytes } from './quantisation/weightBytes';
import type { HeaderTensor, WeightHeader } from './safetensors';
import { withHeader } from './withHeader';

function model(fields: Readonly<Record<string, unknown>> = {}): Blueprint {
  const outcome = blueprintFromConfig({
    architectures: ['LlamaForCausalLM'],
    vocab_size: 11,
    hidden_size: 8,
    intermediate_size: 12,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    torch_dtype: 'bfloat16',
    ...fields,
  });
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

function headerOf(tensors: readonly HeaderTensor[], complete = true): WeightHeader {
  const totalBytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  return { tensors, totalBytes, source: 'model.safetensors', complete };
}

function stored(blueprint: Blueprint, bytesEach = 2): HeaderTensor[] {
  return checkpointLayout(blueprint).map(({ name, shape }) => ({
    name,
    shape,
    dtype: bytesEach === 2 ? ('f16' as const) : ('f32' as const),
    bytes: bytesEach * elements(shape),
  }));
}

describe('withHeader', () => {
  it('takes dtype and bytes from the files', () => {
    const blueprint = model();
    const real = withHeader(blueprint, headerOf(stored(blueprint)));
    assert.equal(real.dtype, 'f16');
    assert.equal(real.origin, 'exact');
    assert.equal(real.weights?.complete, true);
    assert.equal(weightBytes(real, null).total, 2 * parameterCount(blueprint));
    assert.match(real.assumptions.join(), /weights as model.safetensors holds them/);
  });

  it('keeps a stored type that differs from the rest', () => {
    const blueprint = model();
    const tensors = stored(blueprint).map((tensor) =>
      tensor.name === 'model.norm.weight' ? { ...tensor, dtype: 'f32' as const, bytes: 32 } : tensor,
    );
    const real = withHeader(blueprint, headerOf(tensors));
    assert.equal(real.tensors.find(({ name }) => name === 'model.norm.weight')?.dtype, 'f32');
    assert.equal(weightBytes(real, null).total, 2 * parameterCount(blueprint) + 16);
  });

  it('ties an output layer that the files do not hold', () => {
    const blueprint = model();
    const without = stored(blueprint).filter(({ name }) => name !== 'lm_head.weight');
    const real = withHeader(blueprint, headerOf(without));
    assert.equal(real.tensors.find(({ role }) => role === 'head')?.tiedTo, 'model.embed_tokens.weight');
    assert.equal(real.weights?.complete, true);
  });

  it('believes files that hold the output layer which a T5 config unties and its class ties', () => {
    const t5 = {
      architectures: ['T5ForConditionalGeneration'],
      model_type: 't5',
      tie_word_embeddings: false,
    };
    const blueprint = model(t5);
    assert.match(blueprint.assumptions.join(), /a checkpoint may hold 11 × 8 more/);
    const tied = stored(blueprint);
    assert.equal(parameterCount(withHeader(blueprint, headerOf(tied))), parameterCount(blueprint));
    const head = { name: 'lm_head.weight', shape: [11, 8], dtype: 'f16' as const, bytes: 2 * 11 * 8 };
    const real = withHeader(blueprint, headerOf([...tied, head]));
    assert.equal(parameterCount(real), parameterCount(blueprint) + 11 * 8);
    assert.equal(weightBytes(real, null).total, 2 * parameterCount(real));
    assert.equal(model({ ...t5, tie_word_embeddings: true }).assumptions.length, 0);
  });

  it('matches a checkpoint of the base model by its missing prefix', () => {
    const blueprint = model();
    const bare = stored(blueprint)
      .filter(({ name }) => name !== 'lm_head.weight')
      .map((tensor) => ({ ...tensor, name: tensor.name.replace(/^model\./, '') }));
    assert.equal(withHeader(blueprint, headerOf(bare)).weights?.complete, true);
  });

  it('counts the parts of a quantised matrix for its weight', () => {
    const blueprint = model({ quantization_config: { quant_method: 'gptq', bits: 4, group_size: 8 } });
    const tensors = stored(blueprint).flatMap((tensor): HeaderTensor[] => {
      if (!tensor.name.endsWith('_proj.weight')) return [tensor];
      const module = tensor.name.replace(/\.weight$/, '');
      const part = (name: string, bytes: number): HeaderTensor => ({
        name: `${module}.${name}`,
        shape: [bytes],
        dtype: 'i32',
        bytes,
      });
      return [part('qweight', 40), part('qzeros', 3), part('scales', 5), part('g_idx', 2)];
    });
    const real = withHeader(blueprint, headerOf(tensors));
    assert.equal(real.weights?.complete, true);
    const kept = 2 * (2 * 11 * 8 + 5 * 8);
    assert.equal(weightBytes(real, blueprint.quantization).total, 2 * 7 * 50 + kept);
    // Another quantisation than the stored one follows the formula.
    assert.notEqual(weightBytes(real, { method: 'bnb-nf4' }).total, 2 * 7 * 50 + kept);
  });

  it('says what does not fit, and then does not claim to be complete', () => {
    const blueprint = model();
    const wrong = stored(blueprint).map((tensor) =>
      tensor.name === 'model.norm.weight' ? { ...tensor, shape: [9], bytes: 18 } : tensor,
    );
    const real = withHeader(blueprint, headerOf(wrong));
    assert.equal(real.weights?.complete, false);
    assert.match(real.assumptions.join(), /another shape than the file for model.norm.weight/);
    const part = withHeader(blueprint, headerOf(stored(blueprint).slice(3), false));
    assert.match(part.assumptions.join(), /the files do not hold model.embed_tokens.weight and 2 more/);
    const extra = [...stored(blueprint), { name: 'mtp.weight', shape: [2], dtype: 'f16' as const, bytes: 4 }];
    assert.match(
      withHeader(blueprint, headerOf(extra)).assumptions.join(),
      /1 tensors of the files are not loaded/,
    );
  });
});

describe('blueprintFromHeader', () => {
  it('holds the tensors exactly and says that the layers are not known', () => {
    const blueprint = model();
    const outcome = blueprintFromHeader(headerOf(stored(blueprint)));
    assert.ok(outcome.ok);
    assert.equal(parameterCount(outcome.blueprint), parameterCount(blueprint));
    assert.equal(outcome.blueprint.vocab, 11);
    assert.equal(outcome.blueprint.hidden, 8);
    assert.equal(weightBytes(outcome.blueprint, null).total, 2 * parameterCount(blueprint));
    const roles = new Map(outcome.blueprint.tensors.map(({ name, role }) => [name, role]));
    for (const { name, role } of blueprint.tensors) assert.equal(roles.get(name), role, name);
    assert.match(outcome.blueprint.assumptions.join(), /what the layers keep is not known/);
    assert.ok(!blueprintFromHeader(headerOf([])).ok);
  });
});
