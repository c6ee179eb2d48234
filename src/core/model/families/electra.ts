import { bertLayer } from '../parts/encoder';
import { answerSpans, denseLabels, encoderFamily, tokenLabels } from '../parts/encoderFamily';
import { tokenHead } from '../parts/heads';

/** ELECTRA: BERT's layers over an embedding of its own width. Source: transformers models/electra. */
export const electra = encoderFamily({
  modelType: 'electra',
  className: 'Electra',
  base: 'electra',
  pooler: false,
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const width = config.size('embedding_size');
    const vocab = config.size('vocab_size');
    const heads = config.heads('num_attention_heads');
    const positions = config.size('max_position_embeddings');
    const sizes = {
      hidden,
      heads,
      kvHeads: heads,
      headDim: config.quotient('hidden_size', 'num_attention_heads'),
      intermediate: config.size('intermediate_size'),
    };
    const options = { causal: config.flag('is_decoder'), cross: config.flag('add_cross_attention') };
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: positions,
      activation: config.text('hidden_act'),
    };
    model.scope('embeddings', () => {
      model.embedding('word_embeddings', vocab, width);
      model.embedding('position_embeddings', positions, width, 'position');
      model.embedding('token_type_embeddings', config.size('type_vocab_size'), width, 'position');
      model.layerNorm('LayerNorm', width);
    });
    if (width !== hidden) model.linear('embeddings_project', width, hidden, 'other', true);
    model.scope('encoder', () =>
      model.stack('layer', config.layers('num_hidden_layers'), hidden, () =>
        bertLayer(model, sizes, options),
      ),
    );
    return hidden;
  },
  tasks: [
    {
      suffix: 'ForPreTraining',
      task: 'embed',
      head(model, _config, hidden) {
        tokenHead(model, 'discriminator_predictions.dense', hidden, hidden, true);
        tokenHead(model, 'discriminator_predictions.dense_prediction', hidden, 1, true);
      },
    },
    {
      suffix: 'ForMaskedLM',
      task: 'embed',
      head(model, config, hidden) {
        const width = config.size('embedding_size');
        model.layerNorm('generator_predictions.LayerNorm', width);
        model.linear('generator_predictions.dense', hidden, width, 'classifier', true);
        model.linear('generator_lm_head', width, model.facts.vocab, 'head', true);
        if (config.flag('tie_word_embeddings'))
          model.tie('generator_lm_head.weight', 'electra.embeddings.word_embeddings.weight');
      },
    },
    denseLabels,
    tokenLabels,
    answerSpans,
  ],
});
