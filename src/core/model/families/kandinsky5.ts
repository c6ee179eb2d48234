import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  crossSpec,
  denoises,
  diffusersClass,
  rmsNorms,
  type DenoiserSizes,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

function attention(model: ModelBuilder, name: string, { hidden, headDim }: DenoiserSizes): void {
  model.scope(name, () => {
    for (const [part, role] of [
      ['to_query', 'q'],
      ['to_key', 'k'],
      ['to_value', 'v'],
      ['out_layer', 'o'],
    ] as const)
      model.linear(part, hidden, hidden, role, true);
    rmsNorms(model, ['query_norm', 'key_norm'], headDim);
  });
}

function build(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('model_dim');
  const time = config.size('time_dim');
  const inner = config.size('ff_dim');
  const headDim = (config.integers('axes_dims', { min: 1, max: 65_536 }) ?? []).reduce(
    (sum, one) => sum + one,
    0,
  );
  const heads = Math.max(1, Math.floor(hidden / Math.max(1, headDim)));
  config.mustDivide('axes_dims', headDim, hidden, 'model_dim');
  const sizes = { hidden, heads, headDim };
  const patch = config.integers('patch_size', { min: 1, max: 64 }) ?? [];
  const [patchTime = 1, patchSpace = 1] = patch;
  const pixels = patch.reduce((product, one) => product * one, 1);
  const channels = config.size('in_visual_dim');
  // Videos from images carry the first frame and a mask beside the noise.
  const seen = config.flag('visual_cond') ? 2 * channels + 1 : channels;
  denoises(model, hidden, {
    output: { width: 768, height: 512, frames: 121 },
    latent: { space: 8, time: 4 },
    patch: { space: patchSpace, time: patchTime },
    textTokens: 512,
    guidance: 'passes',
    steps: 50,
    attending: 13,
  });
  model.linear('time_embeddings.in_layer', hidden, time, 'other', true);
  model.linear('time_embeddings.out_layer', time, time, 'other', true);
  model.linear('text_embeddings.in_layer', config.size('in_text_dim'), hidden, 'embedding', true);
  model.layerNorm('text_embeddings.norm', hidden);
  model.linear('pooled_text_embeddings.in_layer', config.size('in_text_dim2'), time, 'other', true);
  model.layerNorm('pooled_text_embeddings.norm', time);
  model.linear('visual_embeddings.in_layer', pixels * seen, hidden, 'embedding', true);
  const mlp = (): void => {
    model.linear('feed_forward.in_layer', hidden, inner, 'up');
    model.linear('feed_forward.out_layer', inner, hidden, 'down');
    blockSpecs(model, sizes, inner);
  };
  const prompt = config.layers('num_text_blocks');
  for (let layer = 0; layer < prompt; layer++)
    model.scope(`text_transformer_blocks.${layer}`, () => {
      model.linear('text_modulation.out_layer', time, 6 * hidden, 'other', true);
      attention(model, 'self_attention', sizes);
      mlp();
    });
  model.stack('visual_transformer_blocks', config.layers('num_visual_blocks'), hidden, () => {
    model.linear('visual_modulation.out_layer', time, 9 * hidden, 'other', true);
    attention(model, 'self_attention', sizes);
    attention(model, 'cross_attention', sizes);
    crossSpec(model, sizes);
    mlp();
  });
  model.linear('out_layer.modulation.out_layer', time, 2 * hidden, 'other', true);
  model.linear('out_layer.out_layer', hidden, pixels * config.size('out_visual_dim'), 'other', true);
}

/** Kandinsky 5. Source: diffusers models/transformers/transformer_kandinsky. */
export const kandinsky5: Family = {
  architectures: [diffusersClass('Kandinsky5Transformer3DModel', 'transformer', build)],
};
