import type { ConfigReader } from '../configReader';
import { fusedAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { layerExperts } from '../parts/experts';

/** Defaults of the two nested configs, which have no model type of their own. */
const nestedDefaults = { kv_n_heads: 1, ffn_hidden_size: 3584, moe_num_experts: 4, moe_top_k: 1 } as const;

function sized(config: ConfigReader, key: keyof typeof nestedDefaults): number {
  return config.has(key) ? config.size(key, { max: 1_000_000 }) : nestedDefaults[key];
}

/**
 * DBRX: every layer has experts, stacked along the rows of one matrix each for gate, up and down.
 * Source: transformers models/dbrx.
 */
export const dbrx = decoderFamily({
  modelType: 'dbrx',
  className: 'Dbrx',
  base: 'transformer',
  tasks: [],
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const heads = config.heads('num_attention_heads');
    const headDim = config.quotient('hidden_size', 'num_attention_heads');
    const attention = config.section('attn_config');
    const kvHeads = sized(attention, 'kv_n_heads');
    attention.mustDivide('kv_n_heads', kvHeads, heads, 'n_heads');
    const mlp = config.section('ffn_config');
    const intermediate = sized(mlp, 'ffn_hidden_size');
    const experts = { count: sized(mlp, 'moe_num_experts'), active: sized(mlp, 'moe_top_k') };
    if (experts.active > experts.count) mlp.problem('moe_top_k', `at most moe_num_experts ${experts.count}`);
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.optionalSize('max_position_embeddings'),
      activation: 'silu',
    };
    model.embedding('wte', vocab, hidden);
    model.stack('blocks', config.layers('num_hidden_layers'), hidden, () => {
      model.scope('norm_attn_norm', () => {
        model.rmsNorm('norm_1', hidden);
        fusedAttention(model, 'attn', { hidden, heads, kvHeads, headDim }, { names: ['Wqkv', 'out_proj'] });
        model.rmsNorm('norm_2', hidden);
      });
      model.linear('ffn.router.layer', hidden, experts.count, 'router');
      const rows = [experts.count * intermediate, hidden];
      model.scope('ffn.experts.mlp', () => {
        model.tensor('w1', rows, 'gate', 'experts', { experts });
        model.tensor('v1', rows, 'up', 'experts', { experts });
        model.tensor('w2', rows, 'down', 'experts', { experts });
      });
      layerExperts(model, { hidden, intermediate, experts });
    });
    model.rmsNorm('norm_f', hidden);
    return { hidden, vocab, embedding: 'wte' };
  },
});
