import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { separateAttention } from '../parts/attention';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { multimodalFamily } from '../parts/multimodal';
import { patchesOf } from '../parts/visionTransformer';
import { languageModel } from './languageModels';

/** InternViT without a prefix; gives its width. */
function internVision(config: ConfigReader, model: ModelBuilder): number {
  const hidden = config.size('hidden_size');
  const heads = config.heads('num_attention_heads');
  const headDim = config.quotient('hidden_size', 'num_attention_heads');
  const patches = patchesOf(config);
  const bias = config.flag('attention_bias');
  const norms = config.flag('use_qk_norm') ? 'full' : null;
  const rms = config.text('norm_type') === 'rms_norm';
  const norm = (name: string): void => model.layerNorm(name, hidden, !rms);
  model.scope('embeddings', () => {
    model.parameter('cls_token', [1, 1, hidden], 'embedding');
    if (config.flag('use_mask_token')) model.parameter('mask_token', [1, 1, hidden], 'embedding');
    if (config.flag('use_absolute_position_embeddings'))
      model.parameter('position_embeddings', [1, patches.count + 1, hidden], 'position');
    model.conv(
      'patch_embeddings.projection',
      [hidden, config.size('num_channels'), ...patches.size],
      'embedding',
    );
  });
  model.scope('encoder', () =>
    model.stack('layer', config.layers('num_hidden_layers'), hidden, () => {
      separateAttention(
        model,
        'attention',
        { hidden, heads, kvHeads: heads, headDim },
        {
          bias,
          outputBias: true,
          norms,
          causal: false,
          names: ['q_proj', 'k_proj', 'v_proj', 'projection_layer'],
        },
      );
      plainMlp(model, 'mlp', hidden, config.size('intermediate_size'), { names: ['fc1', 'fc2'] });
      norm('layernorm_before');
      norm('layernorm_after');
      model.parameter('lambda_1', [hidden]);
      model.parameter('lambda_2', [hidden]);
    }),
  );
  if (!config.flag('use_mean_pooling')) model.layerNorm('layernorm', hidden);
  return hidden;
}

const visionAlone: Architecture = {
  name: 'InternVLVisionModel',
  modelType: 'internvl_vision',
  task: 'vision',
  build(config, model) {
    const hidden = model.component('vision', () => internVision(config, model));
    model.facts = { ...model.facts, hidden };
  },
};

const whole = multimodalFamily({
  modelType: 'internvl',
  className: 'InternVL',
  inner(config, model) {
    const vision = model.component('vision', () =>
      model.scope('vision_tower', () => internVision(config.section('vision_config'), model)),
    );
    const text = config.section('text_config');
    const width = text.size('hidden_size');
    const ratio = config.real('downsample_ratio');
    if (ratio <= 0 || ratio > 1) config.problem('downsample_ratio', 'a number above 0 and at most 1');
    const shuffled = ratio > 0 ? vision * Math.trunc(1 / ratio) ** 2 : vision;
    model.component('projector', () =>
      model.scope('multi_modal_projector', () => {
        model.layerNorm('layer_norm', shuffled);
        model.linear('linear_1', shuffled, width, 'projector', true);
        model.linear('linear_2', width, width, 'projector', true);
      }),
    );
    return model.scope('language_model', () => languageModel(text, model));
  },
});

/** InternVL 2.5 and later in the library's own form. Source: transformers models/internvl. */
export const internvl: Family = { architectures: [...whole.architectures, visionAlone] };
