import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { attentionSpec } from '../parts/attention';
import { denoises, denoiserSizes, diffusersClass, embedder, timestepEmbedder } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Inner width of a gated MLP that was meant for `hidden` columns, in whole steps of 256. */
function innerOf(hidden: number): number {
  return 256 * Math.ceil(Math.floor((2 * hidden) / 3) / 256);
}

function gated(model: ModelBuilder, name: string, hidden: number, inner: number): void {
  model.linear(`${name}.w1`, hidden, inner, 'gate');
  model.linear(`${name}.w2`, inner, hidden, 'down');
  model.linear(`${name}.w3`, hidden, inner, 'up');
}

function build(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden, heads, headDim } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const channels = config.size('in_channels');
  const experts = config.heads('num_routed_experts');
  const active = config.heads('num_activated_experts');
  const [t5 = 1, llama = 1] = config.integers('caption_channels', { min: 1 }) ?? [];
  if (config.integers('caption_channels')?.length !== 2)
    config.problem('caption_channels', 'a list of two integers');
  const joint = config.layers('num_layers');
  const single = config.layers('num_single_layers');
  const inner = innerOf(4 * hidden);
  const shared = innerOf(2 * hidden);
  denoises(model, hidden, {
    output: { width: 1024, height: 1024, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: patch, time: 1 },
    // T5's tokens, Llama's of one layer, and Llama's of the layer of each block.
    textTokens: 3 * 128,
    guidance: 'batch',
    steps: 50,
    attending: 18,
  });
  timestepEmbedder(model, hidden, 't_embedder.timestep_embedder');
  embedder(model, 'p_embedder.pooled_embedder', config.size('text_emb_dim'), hidden);
  model.linear('x_embedder.proj', channels * patch * patch, hidden, 'embedding', true);
  const block = (streams: number): void =>
    model.scope('block', () => {
      model.linear('adaLN_modulation.1', hidden, 6 * streams * hidden, 'other', true);
      model.scope('attn1', () => {
        for (const side of streams === 2 ? ['', '_t'] : ['']) {
          model.linear(`to_q${side}`, hidden, hidden, 'q', true);
          model.linear(`to_k${side}`, hidden, hidden, 'k', true);
          model.linear(`to_v${side}`, hidden, hidden, 'v', true);
          model.linear(`to_out${side}`, hidden, hidden, 'o', true);
          model.rmsNorm(`q_rms_norm${side}`, hidden);
          model.rmsNorm(`k_rms_norm${side}`, hidden);
        }
      });
      model.scope('ff_i', () => {
        gated(model, 'shared_experts', hidden, shared);
        for (let expert = 0; expert < experts; expert++)
          for (const [name, from, to, role] of [
            ['w1', hidden, inner, 'gate'],
            ['w2', inner, hidden, 'down'],
            ['w3', hidden, inner, 'up'],
          ] as const)
            model.tensor(`experts.${expert}.${name}.weight`, [to, from], role, 'linear', {
              experts: { count: experts, active },
            });
        model.parameter('gate.weight', [experts, hidden], 'router');
      });
      if (streams === 2) gated(model, 'ff_t', hidden, inner);
      model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }));
      model.layerMlp({
        kind: 'gated',
        intermediate: 0,
        moe: { experts, active, intermediate: inner, shared },
      });
    });
  model.stack('double_stream_blocks', joint, hidden, () => block(2));
  model.stack('single_stream_blocks', single, hidden, () => block(1), joint);
  model.scope('final_layer', () => {
    model.linear(
      'linear',
      hidden,
      patch * patch * (config.optionalSize('out_channels') ?? channels),
      'other',
      true,
    );
    model.linear('adaLN_modulation.1', hidden, 2 * hidden, 'other', true);
  });
  // Each block looks at another layer of Llama.
  for (let index = 0; index <= joint + single; index++)
    model.linear(
      `caption_projection.${index}.linear`,
      index < joint + single ? llama : t5,
      hidden,
      'embedding',
    );
}

/** HiDream-I1. Source: diffusers models/transformers/transformer_hidream_image. */
export const hiDream: Family = {
  architectures: [diffusersClass('HiDreamImageTransformer2DModel', 'transformer', build)],
};
