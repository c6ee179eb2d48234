import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { attentionSpec } from '../parts/attention';
import { causalHead, tokenHead } from '../parts/heads';
import type { ModelBuilder } from '../parts/modelBuilder';

interface T5Options {
  readonly modelType: string;
  readonly className: string;
  /** Every layer has its own table of relative positions; otherwise the first of each half has the only one. */
  readonly biasInEveryLayer: boolean;
}

/** `feed_forward_proj`: an activation, or `gated-` and an activation. */
function feedForward(config: ConfigReader): { readonly gated: boolean; readonly activation: string } {
  const words = (config.text('feed_forward_proj') ?? 'relu').split('-');
  if (words.length > 2 || (words.length === 2 && words[0] !== 'gated'))
    config.problem('feed_forward_proj', 'an activation, or gated- and an activation');
  // What the config class works out is overruled by what a config says.
  const gated = config.has('is_gated_act') ? config.flag('is_gated_act') : words[0] === 'gated';
  const activation = words.at(-1) ?? 'relu';
  // The library's own old meaning of gated-gelu: the tanh approximation.
  const meant = words[0] === 'gated' && activation === 'gelu' ? 'gelu_new' : activation;
  return { gated, activation: config.has('dense_act_fn') ? (config.text('dense_act_fn') ?? meant) : meant };
}

function half(
  config: ConfigReader,
  model: ModelBuilder,
  side: 'encoder' | 'decoder',
  layers: number,
  options: T5Options,
): void {
  const hidden = config.size('d_model');
  const heads = config.heads('num_heads');
  const headDim = config.size('d_kv');
  const intermediate = config.size('d_ff');
  const { gated } = feedForward(config);
  const attention = (name: string, biased: boolean): void =>
    model.scope(name, () => {
      model.linear('q', hidden, heads * headDim, 'q');
      model.linear('k', hidden, heads * headDim, 'k');
      model.linear('v', hidden, heads * headDim, 'v');
      model.linear('o', heads * headDim, hidden, 'o');
      if (biased)
        model.embedding(
          'relative_attention_bias',
          config.size('relative_attention_num_buckets'),
          heads,
          'position',
        );
    });
  const sizes = { hidden, heads, kvHeads: heads, headDim };
  model.component(side, () =>
    model.scope(side, () => {
      model.embedding('embed_tokens', config.size('vocab_size'), hidden);
      model.stack('block', layers, hidden, (index) => {
        model.scope('layer.0', () => {
          attention('SelfAttention', options.biasInEveryLayer || index === 0);
          model.rmsNorm('layer_norm', hidden);
        });
        model.layerAttention(attentionSpec(sizes, { causal: side === 'decoder' }));
        if (side === 'decoder') {
          model.scope('layer.1', () => {
            attention('EncDecAttention', false);
            model.rmsNorm('layer_norm', hidden);
          });
          model.layerCross({ ...attentionSpec(sizes, { causal: false }), kind: 'cross' });
        }
        model.scope(side === 'decoder' ? 'layer.2' : 'layer.1', () => {
          model.scope('DenseReluDense', () => {
            if (gated) {
              model.linear('wi_0', hidden, intermediate, 'gate');
              model.linear('wi_1', hidden, intermediate, 'up');
            } else model.linear('wi', hidden, intermediate, 'up');
            model.linear('wo', intermediate, hidden, 'down');
          });
          model.rmsNorm('layer_norm', hidden);
        });
        model.layerMlp({ kind: gated ? 'gated' : 'plain', intermediate, moe: null });
      });
      model.rmsNorm('final_layer_norm', hidden);
    }),
  );
}

/** The shared embedding and one or both halves. The config classes of T5 tie them whatever the config says. */
function t5Model(
  config: ConfigReader,
  model: ModelBuilder,
  options: T5Options,
  sides: readonly ('encoder' | 'decoder')[],
): void {
  const hidden = config.size('d_model');
  const vocab = config.size('vocab_size');
  model.facts = { ...model.facts, hidden, vocab, activation: feedForward(config).activation };
  model.component('encoder', () => model.embedding('shared', vocab, hidden));
  const layers = config.layers('num_layers');
  for (const side of sides) {
    const own = side === 'decoder' && config.value('num_decoder_layers') !== null;
    half(config, model, side, own ? config.layers('num_decoder_layers') : layers, options);
    model.tie(model.path(`${side}.embed_tokens.weight`), model.path('shared.weight'));
  }
}

function t5Family(options: T5Options): Family {
  const { modelType, className } = options;
  const both = ['encoder', 'decoder'] as const;
  const architectures: readonly Architecture[] = [
    {
      name: `${className}ForConditionalGeneration`,
      modelType,
      task: 'generate',
      build(config, model) {
        t5Model(config, model, options, both);
        const { hidden, vocab } = model.facts;
        // The class ties whatever the config says; checkpoints of T5 1.1 have both, and loading them unties the two.
        const ownWhenStored = config.has('tie_word_embeddings') && !config.flag('tie_word_embeddings');
        if (ownWhenStored)
          model.assumptions.push(
            `the class ties the output layer, the config does not: a checkpoint may hold ${vocab} × ${hidden} more`,
          );
        const head = { name: 'lm_head', hidden, vocab, bias: false, tiedTo: 'shared.weight' };
        model.component('decoder', () => causalHead(model, { ...head, ownWhenStored }));
      },
    },
    {
      name: `${className}Model`,
      modelType,
      task: 'embed',
      build: (config, model) => t5Model(config, model, options, both),
    },
    {
      name: `${className}EncoderModel`,
      modelType,
      task: 'embed',
      build: (config, model) => t5Model(config, model, options, ['encoder']),
    },
    {
      name: `${className}ForSequenceClassification`,
      modelType,
      task: 'classify',
      build(config, model) {
        model.scope('transformer', () => t5Model(config, model, options, both));
        const { hidden } = model.facts;
        tokenHead(model, 'classification_head.dense', hidden, hidden, true);
        tokenHead(model, 'classification_head.out_proj', hidden, config.labels(), true);
      },
    },
    {
      name: `${className}ForTokenClassification`,
      modelType,
      task: 'classify',
      build(config, model) {
        model.scope('transformer', () => t5Model(config, model, options, ['encoder']));
        tokenHead(model, 'classifier', model.facts.hidden, config.labels(), true);
      },
    },
    {
      name: `${className}ForQuestionAnswering`,
      modelType,
      task: 'classify',
      build(config, model) {
        t5Model(config, model, options, both);
        tokenHead(model, 'qa_outputs', model.facts.hidden, config.labels(), true);
      },
    },
  ];
  return { architectures };
}

/** T5. Positions are relative: there is no longest context. Source: transformers models/t5. */
export const t5 = t5Family({ modelType: 't5', className: 'T5', biasInEveryLayer: false });

/** mT5. Source: transformers models/mt5. */
export const mt5 = t5Family({ modelType: 'mt5', className: 'MT5', biasInEveryLayer: false });

/** UMT5: each layer has its own table of relative positions. Source: transformers models/umt5. */
export const umt5 = t5Family({ modelType: 'umt5', className: 'UMT5', biasInEveryLayer: true });
