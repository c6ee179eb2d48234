import type { ConfigReader } from '../configReader';
import { fusedAttention } from '../parts/attention';
import { encoderFamily, type EncoderTask } from '../parts/encoderFamily';
import { tokenHead } from '../parts/heads';
import { fusedGatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { layerWindows } from '../parts/windows';

/** A dense layer and a norm before the labels or the vocabulary. */
function head(model: ModelBuilder, config: ConfigReader, hidden: number): void {
  model.linear('head.dense', hidden, hidden, 'classifier', config.flag('classifier_bias'));
  model.layerNorm('head.norm', hidden, config.flag('norm_bias'));
}

function labelled(suffix: string, labels: (config: ConfigReader) => number): EncoderTask {
  return {
    suffix,
    task: 'classify',
    head(model, config, hidden) {
      head(model, config, hidden);
      tokenHead(model, 'classifier', hidden, labels(config), true);
    },
  };
}

/** ModernBERT: rotary positions, gated MLP, full attention in every third layer. Source: transformers models/modernbert. */
export const modernbert = encoderFamily({
  modelType: 'modernbert',
  className: 'ModernBert',
  base: 'model',
  pooler: false,
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const heads = config.heads('num_attention_heads');
    const headDim = config.quotient('hidden_size', 'num_attention_heads');
    const layers = config.layers('num_hidden_layers');
    const intermediate = config.size('intermediate_size');
    const normBias = config.flag('norm_bias');
    const attentionBias = config.flag('attention_bias');
    const bias = config.flag('mlp_bias');
    const every = config.has('global_attn_every_n_layers') ? config.size('global_attn_every_n_layers') : 3;
    const windows = layerWindows(
      config,
      layers,
      config.size('local_attention'),
      (index) => index % every !== 0,
    );
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.size('max_position_embeddings'),
      activation: config.text('hidden_activation'),
    };
    model.scope('embeddings', () => {
      model.embedding('tok_embeddings', vocab, hidden);
      model.layerNorm('norm', hidden, normBias);
    });
    model.stack('layers', layers, hidden, (index) => {
      // The embeddings' norm serves the first layer.
      if (index > 0) model.layerNorm('attn_norm', hidden, normBias);
      fusedAttention(
        model,
        'attn',
        { hidden, heads, kvHeads: heads, headDim },
        {
          names: ['Wqkv', 'Wo'],
          qkvBias: attentionBias,
          outputBias: attentionBias,
          causal: false,
          window: windows[index] ?? null,
        },
      );
      model.layerNorm('mlp_norm', hidden, normBias);
      fusedGatedMlp(model, 'mlp', hidden, intermediate, { names: ['Wi', 'Wo'], bias });
    });
    model.layerNorm('final_norm', hidden, normBias);
    return hidden;
  },
  tasks: [
    {
      suffix: 'ForMaskedLM',
      task: 'embed',
      head(model, config, hidden) {
        head(model, config, hidden);
        model.linear('decoder', hidden, model.facts.vocab, 'head', config.flag('decoder_bias'));
        if (config.flag('tie_word_embeddings'))
          model.tie('decoder.weight', 'model.embeddings.tok_embeddings.weight');
      },
    },
    labelled('ForSequenceClassification', (config) => config.labels()),
    labelled('ForTokenClassification', (config) => config.labels()),
    labelled('ForQuestionAnswering', (config) => config.labels()),
    labelled('ForMultipleChoice', () => 1),
  ],
});
