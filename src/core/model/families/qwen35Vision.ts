import type { ConfigReader } from '../configReader';
import { fusedAttention } from '../parts/attention';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** A patch may be given per axis; the library takes one number for a square. */
function side(config: ConfigReader, key: string): readonly [number, number] {
  const value = config.value(key);
  if (!Array.isArray(value)) return [config.size(key), config.size(key)];
  const [rows = 1, columns = rows] = config.integers(key, { min: 1 }) ?? [];
  return [rows, columns];
}

/** The vision tower of Qwen 3.5, its merger into the text width included. Source: transformers models/qwen3_5. */
export function qwen35Vision(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('hidden_size');
  const heads = config.heads('num_heads');
  const headDim = config.quotient('hidden_size', 'num_heads');
  const intermediate = config.size('intermediate_size');
  const [frames] = side(config, 'temporal_patch_size');
  const patch = [frames, ...side(config, 'patch_size')];
  model.scope('patch_embed', () => {
    model.tensor('proj.weight', [hidden, config.size('in_channels'), ...patch], 'embedding', 'conv');
    model.tensor('proj.bias', [hidden], 'embedding', 'conv');
  });
  model.embedding('pos_embed', config.size('num_position_embeddings'), hidden, 'position');
  model.stack('blocks', config.layers('depth'), hidden, () => {
    model.layerNorm('norm1', hidden);
    model.layerNorm('norm2', hidden);
    fusedAttention(
      model,
      'attn',
      { hidden, heads, kvHeads: heads, headDim },
      { names: ['qkv', 'proj'], qkvBias: true, outputBias: true, causal: false },
    );
    plainMlp(model, 'mlp', hidden, intermediate, { names: ['linear_fc1', 'linear_fc2'] });
  });
  const merged = hidden * config.size('spatial_merge_size') ** 2;
  model.component('projector', () =>
    model.scope('merger', () => {
      model.layerNorm('norm', hidden);
      model.linear('linear_fc1', merged, merged, 'projector', true);
      model.linear('linear_fc2', merged, config.size('out_hidden_size'), 'projector', true);
    }),
  );
}
