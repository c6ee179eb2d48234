import { separateAttention } from '../parts/attention';
import { encoderFamily, maskedHead, pooledLabels, tokenLabels } from '../parts/encoderFamily';
import { attentionSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';

/** Nomic Embed: BERT with rotary positions, a gated MLP and no biases in its matrices. Source: transformers models/nomic_bert. */
export const nomicBert = encoderFamily({
  modelType: 'nomic_bert',
  className: 'NomicBert',
  base: 'nomic_bert',
  pooler: false,
  backbone(config, model, pooler) {
    const sizes = attentionSizes(config);
    const { hidden } = sizes;
    const vocab = config.size('vocab_size');
    const intermediate = config.size('intermediate_size');
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.size('max_position_embeddings'),
      activation: config.text('hidden_act'),
    };
    model.scope('embeddings', () => {
      model.embedding('word_embeddings', vocab, hidden);
      model.embedding('token_type_embeddings', config.size('type_vocab_size'), hidden, 'position');
      model.layerNorm('LayerNorm', hidden);
    });
    model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
      separateAttention(model, 'self_attn', sizes, { causal: false });
      model.layerNorm('post_attention_layernorm', hidden);
      gatedMlp(model, 'mlp', hidden, intermediate);
      model.layerNorm('post_mlp_layernorm', hidden);
    });
    if (pooler) model.linear('pooler.dense', hidden, hidden, 'pooler', true);
    return hidden;
  },
  tasks: [
    {
      suffix: 'ForMaskedLM',
      task: 'embed',
      head: (model, config, hidden) =>
        maskedHead(model, {
          scope: 'cls.predictions',
          dense: 'transform.dense',
          norm: 'transform.layer_norm',
          hidden,
          width: hidden,
          vocab: model.facts.vocab,
          embedding: 'nomic_bert.embeddings.word_embeddings.weight',
          // The class ties them unless told otherwise, without declaring the field.
          tied: !config.has('tie_word_embeddings') || config.flag('tie_word_embeddings'),
        }),
    },
    pooledLabels,
    tokenLabels,
  ],
});
