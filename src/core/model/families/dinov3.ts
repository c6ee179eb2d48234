import type { Family } from '../family';
import { attentionSpec } from '../parts/attention';
import { gatedMlp } from '../parts/mlp';
import { pair } from '../parts/visionTransformer';

/** DINOv3's ViT: rotary positions, registers, biases one by one. Source: transformers models/dinov3_vit. */
export const dinov3: Family = {
  architectures: [
    {
      name: 'DINOv3ViTModel',
      modelType: 'dinov3_vit',
      task: 'vision',
      build(config, model) {
        const hidden = config.size('hidden_size');
        const heads = config.heads('num_attention_heads');
        const headDim = config.quotient('hidden_size', 'num_attention_heads');
        const intermediate = config.size('intermediate_size');
        const bias = config.flag('mlp_bias');
        model.facts = { ...model.facts, hidden, activation: config.text('hidden_act') };
        model.component('vision', () => {
          model.scope('embeddings', () => {
            model.parameter('cls_token', [1, 1, hidden], 'embedding');
            model.parameter('mask_token', [1, 1, hidden], 'embedding');
            model.parameter(
              'register_tokens',
              [1, config.integer('num_register_tokens'), hidden],
              'embedding',
            );
            const shape = [hidden, config.size('num_channels'), ...pair(config, 'patch_size')];
            model.conv('patch_embeddings', shape, 'embedding');
          });
          model.stack('model.layer', config.layers('num_hidden_layers'), hidden, () => {
            model.layerNorm('norm1', hidden);
            model.scope('attention', () => {
              model.linear('k_proj', hidden, hidden, 'k', config.flag('key_bias'));
              model.linear('v_proj', hidden, hidden, 'v', config.flag('value_bias'));
              model.linear('q_proj', hidden, hidden, 'q', config.flag('query_bias'));
              model.linear('o_proj', hidden, hidden, 'o', config.flag('proj_bias'));
            });
            model.layerAttention(
              attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }),
            );
            model.parameter('layer_scale1.lambda1', [hidden]);
            model.layerNorm('norm2', hidden);
            if (config.flag('use_gated_mlp')) gatedMlp(model, 'mlp', hidden, intermediate, { bias });
            else {
              model.linear('mlp.up_proj', hidden, intermediate, 'up', bias);
              model.linear('mlp.down_proj', intermediate, hidden, 'down', bias);
              model.layerMlp({ kind: 'plain', intermediate, moe: null });
            }
            model.parameter('layer_scale2.lambda1', [hidden]);
          });
          model.layerNorm('norm', hidden);
        });
      },
    },
  ],
};
