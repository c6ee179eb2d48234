import assert from 'node:assert/strict';
import type { Blueprint } from './blueprint';
import { blueprintFromConfig } from './blueprintFromConfig';
import { parameterCount } from './parameters';

const sizes = {
  vocab_size: 1000,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
};

function blueprint(config: unknown): Blueprint {
  const outcome = blueprintFromConfig(config);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

describe('classes that nobody knows', () => {
  it('are read as the family whose shape their config has, and that is called an assumption', () => {
    const unknown = { architectures: ['GlobbeForCausalLM'], model_type: 'globbe', ...sizes };
    const { origin, assumptions, architecture, tensors } = blueprint(unknown);
    assert.equal(origin, 'assumed');
    assert.equal(architecture, 'GlobbeForCausalLM');
    assert.deepEqual(assumptions, [
      'class "GlobbeForCausalLM" is not known: read as LlamaForCausalLM, because the config has the sizes of a plain decoder',
    ]);
    const llama = blueprint({ architectures: ['LlamaForCausalLM'], ...sizes });
    assert.equal(parameterCount({ tensors }), parameterCount(llama));
  });

  it('are told apart by experts and latents', () => {
    for (const [extra, expected] of [
      [{ num_experts: 8, moe_intermediate_size: 16, num_experts_per_tok: 2 }, 'Qwen3MoeForCausalLM'],
      [{ num_local_experts: 4, num_experts_per_tok: 2 }, 'MixtralForCausalLM'],
      [
        { kv_lora_rank: 8, qk_rope_head_dim: 4, n_routed_experts: 8, moe_intermediate_size: 16 },
        'DeepseekV3ForCausalLM',
      ],
    ] as const) {
      const { assumptions } = blueprint({ architectures: ['GlobbeForCausalLM'], ...sizes, ...extra });
      assert.match(assumptions.join(), new RegExp(`read as ${expected}`, 'u'));
    }
    const masked = { ...sizes, type_vocab_size: 2, max_position_embeddings: 128 };
    const { assumptions } = blueprint({ architectures: ['GlobbeForMaskedLM'], ...masked });
    assert.match(assumptions.join(), /read as BertForMaskedLM/u);
  });

  it('stay unknown without the sizes, or with another kind of class', () => {
    for (const config of [
      { architectures: ['GlobbeForCausalLM'], ...sizes, hidden_size: undefined },
      { architectures: ['GlobbeForConditionalGeneration'], ...sizes },
      { architectures: ['GlobbeForMaskedLM'], ...sizes },
      { model_type: 'globbe', ...sizes },
    ]) {
      const outcome = blueprintFromConfig(config);
      assert.ok(!outcome.ok);
      assert.match(outcome.reason, /unknown architecture/u);
    }
  });

  it('are assumed where the model type is known and the class is not', () => {
    const { origin, assumptions } = blueprint({
      architectures: ['LlamaForPoetry'],
      model_type: 'llama',
      ...sizes,
    });
    assert.equal(origin, 'assumed');
    assert.match(assumptions.join(), /read as LlamaForCausalLM, the class of model_type llama/u);
  });
});
