import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  denoises,
  denoiserSizes,
  diffusersClass,
  embedder,
  imageNames,
  stream,
  textNames,
  TIMESTEP_CHANNELS,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Tokens of its own that the class puts before the prompt. */
const REGISTERS = 8;

function build(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const channels = config.size('in_channels');
  const text = config.size('caption_projection_dim');
  if (text !== hidden) config.problem('caption_projection_dim', `the hidden width ${hidden}`);
  const inner = 256 * Math.ceil(Math.floor((2 * 4 * hidden) / 3) / 256);
  const edge = 8 * config.size('sample_size');
  denoises(model, hidden, {
    output: { width: edge, height: edge, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: patch, time: 1 },
    textTokens: 256 + REGISTERS,
    guidance: 'batch',
    steps: 50,
    attending: 12,
  });
  model.parameter('register_tokens', [1, REGISTERS, hidden]);
  model.scope('pos_embed', () => {
    model.parameter('pos_embed', [1, config.size('pos_embed_max_size'), hidden], 'position');
    model.linear('proj', channels * patch * patch, hidden, 'embedding', true);
  });
  model.linear('context_embedder', config.size('joint_attention_dim'), text, 'embedding');
  embedder(model, 'time_step_proj', TIMESTEP_CHANNELS, hidden);
  const mlp = (name: string): void => {
    model.linear(`${name}.linear_1`, hidden, inner, 'gate');
    model.linear(`${name}.linear_2`, hidden, inner, 'up');
    model.linear(`${name}.out_projection`, inner, hidden, 'down');
  };
  const joint = config.layers('num_mmdit_layers');
  model.stack('joint_transformer_blocks', joint, hidden, () => {
    model.linear('norm1.linear', hidden, 6 * hidden, 'other');
    model.linear('norm1_context.linear', hidden, 6 * hidden, 'other');
    model.scope('attn', () => {
      stream(model, imageNames, { hidden, bias: false });
      stream(model, textNames, { hidden, bias: false });
    });
    mlp('ff');
    mlp('ff_context');
    blockSpecs(model, sizes, inner, 'gated');
  });
  model.stack(
    'single_transformer_blocks',
    config.layers('num_single_dit_layers'),
    hidden,
    () => {
      model.linear('norm1.linear', hidden, 6 * hidden, 'other');
      model.scope('attn', () => stream(model, imageNames, { hidden, bias: false }));
      mlp('ff');
      blockSpecs(model, sizes, inner, 'gated');
    },
    joint,
  );
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other');
  model.linear('proj_out', hidden, patch * patch * config.size('out_channels'), 'other');
}

/** AuraFlow. Source: diffusers models/transformers/auraflow_transformer_2d. */
export const auraFlow: Family = {
  architectures: [diffusersClass('AuraFlowTransformer2DModel', 'transformer', build)],
};
