import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { attentionSpec } from '../parts/attention';
import { tokenHead } from '../parts/heads';
import type { ModelBuilder } from '../parts/modelBuilder';

interface SpeechOptions {
  readonly modelType: string;
  readonly className: string;
  /** HuBERT may leave out the norm before its projection and may normalise positions by batch. */
  readonly hubert: boolean;
}

/** Convolutions over the waveform, each under a norm or only the first one. Gives the width they end with. */
function waveform(config: ConfigReader, model: ModelBuilder): number {
  const widths = config.integers('conv_dim', { min: 1 }) ?? [];
  const kernels = config.integers('conv_kernel', { min: 1 }) ?? [];
  if (kernels.length !== widths.length) config.problem('conv_kernel', 'one number per entry of conv_dim');
  const bias = config.flag('conv_bias');
  const all = config.text('feat_extract_norm') === 'layer';
  let before = 1;
  widths.forEach((width, index) => {
    model.scope(`feature_extractor.conv_layers.${index}`, () => {
      model.conv('conv', [width, before, kernels[index] ?? 1], 'embedding', bias);
      if (all || index === 0) model.layerNorm('layer_norm', width);
    });
    before = width;
  });
  return before;
}

/** Positions by a grouped convolution; its weight is kept as length and direction unless batches are normalised. */
function positions(config: ConfigReader, model: ModelBuilder, hidden: number, batchNorm: boolean): void {
  const groups = config.heads('num_conv_pos_embedding_groups');
  config.mustDivide('num_conv_pos_embedding_groups', groups, hidden, 'hidden_size');
  const kernel = config.size('num_conv_pos_embeddings');
  const shape = [hidden, Math.floor(hidden / groups), kernel];
  model.scope('encoder.pos_conv_embed', () => {
    if (!batchNorm) {
      model.parameter('conv.bias', [hidden], 'position');
      model.parameter('conv.parametrizations.weight.original0', [1, 1, kernel], 'position');
      model.parameter('conv.parametrizations.weight.original1', shape, 'position');
      return;
    }
    model.conv('conv', shape, 'position');
    model.layerNorm('batch_norm', hidden);
    model.buffer('batch_norm.running_mean', [hidden], 'f32');
    model.buffer('batch_norm.running_var', [hidden], 'f32');
    model.buffer('batch_norm.num_batches_tracked', [], 'i64');
  });
}

function layers(
  config: ConfigReader,
  model: ModelBuilder,
  hidden: number,
  adapterWidth: number | null,
): void {
  const heads = config.heads('num_attention_heads');
  const headDim = config.quotient('hidden_size', 'num_attention_heads');
  const intermediate = config.size('intermediate_size');
  model.stack('encoder.layers', config.layers('num_hidden_layers'), hidden, () => {
    model.scope('attention', () => {
      model.linear('k_proj', hidden, hidden, 'k', true);
      model.linear('v_proj', hidden, hidden, 'v', true);
      model.linear('q_proj', hidden, hidden, 'q', true);
      model.linear('out_proj', hidden, hidden, 'o', true);
    });
    model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }));
    model.layerNorm('layer_norm', hidden);
    model.linear('feed_forward.intermediate_dense', hidden, intermediate, 'up', true);
    model.linear('feed_forward.output_dense', intermediate, hidden, 'down', true);
    model.layerMlp({ kind: 'plain', intermediate, moe: null });
    model.layerNorm('final_layer_norm', hidden);
    if (adapterWidth !== null)
      model.scope('adapter_layer', () => {
        model.layerNorm('norm', hidden);
        model.linear('linear_1', hidden, adapterWidth, 'other', true);
        model.linear('linear_2', adapterWidth, hidden, 'other', true);
      });
  });
}

/** Width of what the base model gives: an adapter may change it. */
function outputWidth(config: ConfigReader, options: SpeechOptions): number {
  const hidden = config.size('hidden_size');
  const adapted = !options.hubert && config.flag('add_adapter');
  return adapted ? (config.optionalSize('output_hidden_size') ?? hidden) : hidden;
}

function masks(config: ConfigReader, key: string, standard: number): boolean {
  return (config.has(key) ? config.real(key) : standard) > 0;
}

function speechModel(config: ConfigReader, model: ModelBuilder, options: SpeechOptions): void {
  const hidden = config.size('hidden_size');
  model.facts = {
    ...model.facts,
    hidden,
    vocab: config.size('vocab_size'),
    activation: config.text('hidden_act'),
  };
  model.component('audio', () => {
    // The vector exists where training masks anything; the classes' own defaults do.
    if (masks(config, 'mask_time_prob', 0.05) || masks(config, 'mask_feature_prob', 0))
      model.parameter('masked_spec_embed', [hidden], 'embedding');
    const width = waveform(config, model);
    model.scope('feature_projection', () => {
      if (!options.hubert || config.flag('feat_proj_layer_norm')) model.layerNorm('layer_norm', width);
      model.linear('projection', width, hidden, 'projector', true);
    });
    positions(config, model, hidden, options.hubert && config.flag('conv_pos_batch_norm'));
    model.layerNorm('encoder.layer_norm', hidden);
    // Adapters within the layers exist only in the kind whose norms stand before the modules.
    const adapters = config.flag('do_stable_layer_norm') ? config.optionalSize('adapter_attn_dim') : null;
    layers(config, model, hidden, adapters);
    if (options.hubert || !config.flag('add_adapter')) return;
    const out = outputWidth(config, options);
    model.scope('adapter', () => {
      if (out !== hidden) {
        model.linear('proj', hidden, out, 'projector', true);
        model.layerNorm('proj_layer_norm', out);
      }
      for (let index = 0; index < config.layers('num_adapter_layers'); index++)
        model.conv(`layers.${index}.conv`, [2 * out, out, config.size('adapter_kernel_size')], 'projector');
    });
  });
}

function speechFamily(options: SpeechOptions): Family {
  const { modelType, className } = options;
  const base = (config: ConfigReader, model: ModelBuilder): void =>
    model.scope(modelType, () => speechModel(config, model, options));
  const pretraining: Architecture = {
    name: `${className}ForPreTraining`,
    modelType,
    task: 'embed',
    build(config, model) {
      base(config, model);
      const groups = config.heads('num_codevector_groups');
      const codes = groups * config.size('num_codevectors_per_group');
      const width = config.size('codevector_dim');
      const common = config.size('proj_codevector_dim');
      config.mustDivide('num_codevector_groups', groups, width, 'codevector_dim');
      model.parameter('quantizer.codevectors', [1, codes, Math.floor(width / groups)]);
      const features = config.integers('conv_dim', { min: 1 })?.at(-1) ?? 1;
      model.linear('quantizer.weight_proj', features, codes, 'other', true);
      model.linear('project_hid', config.size('hidden_size'), common, 'other', true);
      model.linear('project_q', width, common, 'other', true);
    },
  };
  const architectures: readonly Architecture[] = [
    {
      name: `${className}ForCTC`,
      modelType,
      task: 'transcribe',
      build(config, model) {
        base(config, model);
        model.linear('lm_head', outputWidth(config, options), config.size('vocab_size'), 'head', true);
      },
    },
    {
      name: `${className}Model`,
      modelType,
      task: 'embed',
      build: (config, model) => speechModel(config, model, options),
    },
    {
      name: `${className}ForSequenceClassification`,
      modelType,
      task: 'classify',
      build(config, model) {
        base(config, model);
        if (config.flag('use_weighted_layer_sum'))
          model.parameter('layer_weights', [config.layers('num_hidden_layers') + 1]);
        const width = config.size('classifier_proj_size');
        tokenHead(model, 'projector', config.size('hidden_size'), width, true);
        tokenHead(model, 'classifier', width, config.labels(), true);
      },
    },
    ...(options.hubert ? [] : [pretraining]),
  ];
  return { architectures };
}

/** wav2vec 2.0. Source: transformers models/wav2vec2. */
export const wav2vec2 = speechFamily({ modelType: 'wav2vec2', className: 'Wav2Vec2', hubert: false });

/** HuBERT. Source: transformers models/hubert. */
export const hubert = speechFamily({ modelType: 'hubert', className: 'Hubert', hubert: true });
