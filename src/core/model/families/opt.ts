import { attentionSpec } from '../parts/attention';
import { decoderFamily, questionAnswering, sequenceClassification } from '../parts/decoderFamily';

/** The position table starts two rows late. Source: OPTLearnedPositionalEmbedding. */
const positionOffset = 2;

/** OPT: a decoder below `decoder.`, with projections where the embedding has another width. Source: transformers models/opt. */
export const opt = decoderFamily({
  modelType: 'opt',
  className: 'OPT',
  tasks: [sequenceClassification, questionAnswering()],
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const width = config.optionalSize('word_embed_proj_dim') ?? hidden;
    const positions = config.size('max_position_embeddings');
    const heads = config.heads('num_attention_heads');
    const headDim = config.quotient('hidden_size', 'num_attention_heads');
    const intermediate = config.size('ffn_dim');
    const bias = config.flag('enable_bias');
    const norm = (name: string): void => {
      if (config.flag('layer_norm_elementwise_affine')) model.layerNorm(name, hidden);
    };
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: positions,
      activation: config.text('activation_function'),
    };
    model.scope('decoder', () => {
      model.embedding('embed_tokens', vocab, width);
      model.embedding('embed_positions', positions + positionOffset, hidden, 'position');
      if (width !== hidden) {
        model.linear('project_out', hidden, width, 'other');
        model.linear('project_in', width, hidden, 'other');
      }
      if (config.flag('do_layer_norm_before') && !config.flag('_remove_final_layer_norm'))
        norm('final_layer_norm');
      model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
        model.scope('self_attn', () => {
          model.linear('k_proj', hidden, hidden, 'k', bias);
          model.linear('v_proj', hidden, hidden, 'v', bias);
          model.linear('q_proj', hidden, hidden, 'q', bias);
          model.linear('out_proj', hidden, hidden, 'o', bias);
        });
        model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }));
        norm('self_attn_layer_norm');
        model.linear('fc1', hidden, intermediate, 'up', bias);
        model.linear('fc2', intermediate, hidden, 'down', bias);
        model.layerMlp({ kind: 'plain', intermediate, moe: null });
        norm('final_layer_norm');
      });
    });
    return { hidden: width, vocab, embedding: 'decoder.embed_tokens' };
  },
});
