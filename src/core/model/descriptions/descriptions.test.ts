import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { parameterCount } from '../parameters';
import { blueprintFromDescription, descriptionOf, descriptions } from './index';

const meta = {
  dim: 4096,
  multiple_of: 256,
  n_heads: 32,
  n_layers: 32,
  norm_eps: 1e-5,
  vocab_size: -1,
};
const mistral = {
  dim: 64,
  n_layers: 2,
  head_dim: 16,
  hidden_dim: 128,
  n_heads: 4,
  n_kv_heads: 2,
  norm_eps: 1e-5,
  vocab_size: 100,
};
const litgpt = {
  name: 'tiny',
  n_embd: 64,
  n_layer: 2,
  n_head: 4,
  padded_vocab_size: 100,
  block_size: 128,
};

function reason(fields: object): string {
  const outcome = blueprintFromDescription(fields);
  assert.ok(!outcome.ok, JSON.stringify(fields));
  assert.ok(!outcome.reason.includes('\n'));
  return outcome.reason;
}

describe('descriptions of models', () => {
  it('tells them apart by their keys', () => {
    const kind = (fields: unknown): string | null => descriptionOf(fields)?.kind ?? null;
    assert.equal(kind(meta), 'meta-params');
    assert.equal(kind(mistral), 'mistral-params');
    assert.equal(kind(litgpt), 'litgpt-model');
    assert.equal(
      kind({ model_type: 'distilbert', dim: 768, n_layers: 6, n_heads: 12, hidden_dim: 3072 }),
      null,
    );
    assert.equal(kind({ model_type: 'gpt2', n_embd: 768, n_layer: 12, vocab_size: 50257 }), null);
    for (const nothing of [null, [], 'params', 3, {}, { dim: 3 }]) assert.equal(kind(nothing), null);
  });

  it('says what a file leaves open', () => {
    const outcome = blueprintFromDescription(meta);
    assert.ok(outcome.ok);
    assert.equal(parameterCount(outcome.blueprint), 6_738_415_616);
    assert.equal(outcome.blueprint.dtypeOrigin, 'assumed');
    assert.equal(outcome.blueprint.maxContext, null);
    assert.deepEqual(outcome.blueprint.assumptions, [
      'params.json does not say the type of the weights: read as bf16',
      'params.json leaves the vocabulary to the tokenizer: read as 32000 tokens',
    ]);
  });

  it('reads the bits of a quantised release', () => {
    const outcome = blueprintFromDescription({
      ...meta,
      quantization_args: { scheme: 'int4_weight_int8_dynamic_activation', group_size: 32 },
    });
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.blueprint.quantization, {
      method: 'int4_weight_int8_dynamic_activation',
      bits: 4,
      groupSize: 32,
    });
  });

  it('takes a pattern of windows layer by layer', () => {
    const outcome = blueprintFromDescription({ ...mistral, n_layers: 4, _sliding_window: [null, 8] });
    assert.ok(outcome.ok);
    assert.deepEqual(
      outcome.blueprint.layers.map((layer) => layer.attention?.window),
      [null, 8, null, 8],
    );
    assert.match(
      reason({ ...mistral, sliding_window: [4, 8] }),
      /^sliding_window is \[4,8\], expected one window/,
    );
    assert.match(reason({ ...mistral, sliding_window: [4, null, null] }), /divides n_layers 2/);
  });

  it('names the key that cannot be right', () => {
    assert.match(reason({ ...meta, dim: -1 }), /^dim is -1, expected a positive integer/);
    assert.match(reason({ ...meta, n_kv_heads: 5 }), /^n_kv_heads is 5, expected a divisor of n_heads 32/);
    assert.match(reason({ ...meta, n_heads: 33 }), /^n_heads is 33, expected a divisor of dim 4096/);
    assert.match(
      reason({ ...meta, ffn_dim_multiplier: 'big' }),
      /^ffn_dim_multiplier is "big", expected a number/,
    );
    assert.match(reason({ ...meta, ffn_dim_multiplier: 1e300 }), /^ffn_dim_multiplier is 1e\+300/);
    assert.match(reason({ ...meta, n_layers: 2 ** 60 }), /^n_layers is \d+, expected at most 4096/);
    assert.match(reason({ ...mistral, moe: 3 }), /^moe is 3, expected an object/);
    assert.match(
      reason({ ...mistral, moe: { num_experts: 2 ** 60, num_experts_per_tok: 1 } }),
      /^moe\.num_experts /,
    );
    assert.match(
      reason({ ...mistral, moe: { num_experts: 2, num_experts_per_tok: 3 } }),
      /at most num_experts 2/,
    );
    assert.match(reason({ ...mistral, vision_encoder: [] }), /^vision_encoder is \[\], expected an object/);
    assert.match(
      reason({ ...litgpt, n_query_groups: 3 }),
      /^n_query_groups is 3, expected a divisor of n_head 4/,
    );
    assert.match(
      reason({ ...litgpt, mlp_class_name: 'MyMLP' }),
      /^mlp_class_name is "MyMLP", expected one of GptNeoxMLP/,
    );
    assert.match(reason({ ...litgpt, mlp_class_name: 'LLaMAMLP' }), /^intermediate_size/);
    assert.match(reason({ ...litgpt, norm_class_name: 'BatchNorm1d' }), /^norm_class_name is "BatchNorm1d"/);
    assert.match(reason({ ...litgpt, sliding_window_indices: [1] }), /a list of 2 numbers/);
    assert.match(
      reason({
        ...litgpt,
        mlp_class_name: 'LLaMAMoE',
        n_layer: 4096,
        n_expert: 65_536,
        n_expert_per_token: 1,
      }),
      /more than 1000000 tensors/,
    );
  });

  it('says which models their file does not describe', () => {
    assert.match(reason({ ...meta, moe_args: {} }), /Llama 4/);
    assert.match(reason({ ...meta, vision_num_cross_attention_layers: 8 }), /vision tower/);
    assert.match(reason({ ...mistral, q_lora_rank: 1536 }), /multi-head latent attention/);
    assert.match(reason({ ...mistral, multimodal: {} }), /audio/);
    assert.match(
      reason({ ...mistral, moe: { num_experts: 4, num_experts_per_tok: 2, num_shared_experts: 2 } }),
      /^moe\.num_shared_experts is 2/,
    );
  });

  it('answers whatever the values are', () => {
    const value = fc.oneof(
      fc.constantFrom(null, true, -1, 0, 1, 3, 2 ** 60, 1e300, NaN, '', 'RMSNorm', 'LLaMAMoE', 'patch_merge'),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const keys = [
      'vision_encoder',
      'moe',
      'sliding_window',
      'latent_attention',
      'ffn_dim_multiplier',
      'n_expert',
    ];
    for (const [index, base] of [meta, mistral, litgpt].entries())
      fc.assert(
        fc.property(
          fc.dictionary(fc.constantFrom(...Object.keys(base), ...keys), value, { maxKeys: 4 }),
          (changes) => {
            const description = descriptions[index];
            assert.ok(description !== undefined);
            const outcome = description.read({ ...base, ...changes });
            if (outcome.ok) assert.ok(outcome.blueprint.tensors.length > 0);
            else assert.ok(outcome.reason.length > 0 && !outcome.reason.includes('\n'));
          },
        ),
        { numRuns: 300 },
      );
  });
});
