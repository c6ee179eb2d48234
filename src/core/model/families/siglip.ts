import type { ConfigReader } from '../configReader';
import type { ModelBuilder } from '../parts/modelBuilder';
import { clipLayer, visionSizes, type VisionSizes } from '../parts/visionTransformer';

/** SigLIP's vision tower without a prefix, its pooling head where `vision_use_head` asks for it. Source: transformers models/siglip. */
export function siglipVision(config: ConfigReader, model: ModelBuilder): VisionSizes {
  const sizes = visionSizes(config);
  const { hidden, patch, channels, patches, intermediate } = sizes;
  model.scope('embeddings', () => {
    model.tensor('patch_embedding.weight', [hidden, channels, patch, patch], 'embedding', 'conv');
    model.tensor('patch_embedding.bias', [hidden], 'embedding', 'conv');
    model.embedding('position_embedding', patches, hidden, 'position');
  });
  model.scope('encoder', () => model.stack('layers', sizes.layers, hidden, () => clipLayer(model, sizes)));
  model.layerNorm('post_layernorm', hidden);
  if (config.value('vision_use_head') === undefined || config.flag('vision_use_head'))
    model.scope('head', () => {
      model.parameter('probe', [1, 1, hidden], 'pooler');
      // torch.nn.MultiheadAttention keeps q, k and v in one bare parameter.
      model.parameter('attention.in_proj_weight', [3 * hidden, hidden], 'pooler');
      model.parameter('attention.in_proj_bias', [3 * hidden], 'pooler');
      model.linear('attention.out_proj', hidden, hidden, 'pooler', true);
      model.layerNorm('layernorm', hidden);
      model.linear('mlp.fc1', hidden, intermediate, 'pooler', true);
      model.linear('mlp.fc2', intermediate, hidden, 'pooler', true);
    });
  return sizes;
}
