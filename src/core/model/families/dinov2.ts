import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { tokenHead } from '../parts/heads';
import { gatedMlp, plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { patchesOf, vitAttention } from '../parts/visionTransformer';

interface Dinov2Options {
  readonly modelType: string;
  readonly className: string;
  /** Register tokens beside the class token. */
  readonly registers: boolean;
}

function dinov2Model(config: ConfigReader, model: ModelBuilder, options: Dinov2Options): number {
  const hidden = config.size('hidden_size');
  config.quotient('hidden_size', 'num_attention_heads');
  const wide = Math.trunc(hidden * config.real('mlp_ratio'));
  const sizes = { hidden, heads: config.heads('num_attention_heads'), intermediate: wide };
  const gated = config.flag('use_swiglu_ffn');
  const patches = patchesOf(config);
  const qkvBias = config.flag('qkv_bias');
  model.facts = { ...model.facts, hidden, activation: config.text('hidden_act') };
  model.scope('embeddings', () => {
    model.parameter('cls_token', [1, 1, hidden], 'embedding');
    if (options.registers || config.flag('use_mask_token'))
      model.parameter('mask_token', [1, hidden], 'embedding');
    if (options.registers)
      model.parameter('register_tokens', [1, config.integer('num_register_tokens'), hidden], 'embedding');
    model.parameter('position_embeddings', [1, patches.count + 1, hidden], 'position');
    model.conv(
      'patch_embeddings.projection',
      [hidden, config.size('num_channels'), ...patches.size],
      'embedding',
    );
  });
  model.scope('encoder', () =>
    model.stack('layer', config.layers('num_hidden_layers'), hidden, () => {
      model.layerNorm('norm1', hidden);
      vitAttention(model, 'attention', sizes, qkvBias);
      model.parameter('layer_scale1.lambda1', [hidden]);
      model.layerNorm('norm2', hidden);
      // SwiGLU in the place of two matrices: two thirds of the width, in steps of 8.
      if (gated)
        gatedMlp(model, 'mlp', hidden, Math.floor((Math.trunc((wide * 2) / 3) + 7) / 8) * 8, { bias: true });
      else plainMlp(model, 'mlp', hidden, wide, { names: ['fc1', 'fc2'] });
      model.parameter('layer_scale2.lambda1', [hidden]);
    }),
  );
  model.layerNorm('layernorm', hidden);
  return hidden;
}

function dinov2Family(options: Dinov2Options): Family {
  const { modelType, className } = options;
  const architectures: readonly Architecture[] = [
    {
      name: `${className}Model`,
      modelType,
      task: 'vision',
      build: (config, model) => void model.component('vision', () => dinov2Model(config, model, options)),
    },
    {
      name: `${className}ForImageClassification`,
      modelType,
      task: 'classify',
      build(config, model) {
        const hidden = model.component('vision', () =>
          model.scope(modelType, () => dinov2Model(config, model, options)),
        );
        // The class token and the mean of the patches, side by side.
        tokenHead(model, 'classifier', 2 * hidden, config.labels(), true);
      },
    },
  ];
  return { architectures };
}

/** DINOv2. Source: transformers models/dinov2. */
export const dinov2 = dinov2Family({ modelType: 'dinov2', className: 'Dinov2', registers: false });

/** DINOv2 with registers. Source: transformers models/dinov2_with_registers. */
export const dinov2WithRegisters = dinov2Family({
  modelType: 'dinov2_with_registers',
  className: 'Dinov2WithRegisters',
  registers: true,
});
