import type { ResolvedModel } from '../../src/core/job/resolvedModel';
import type { ModelRole, ModelSetting } from '../../src/core/job/jobDocument';
import { blueprintFromConfig } from '../../src/core/model/blueprintFromConfig';
import { jobDocument } from './jobDocument';

type Config = Readonly<Record<string, unknown>>;

/** The denoiser of SDXL. */
export const sdxlUnet: Config = {
  _class_name: 'UNet2DConditionModel',
  _diffusers_version: '0.19.0',
  sample_size: 128,
  block_out_channels: [320, 640, 1280],
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
  up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  transformer_layers_per_block: [1, 2, 10],
  cross_attention_dim: 2048,
  attention_head_dim: [5, 10, 20],
  use_linear_projection: true,
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 256,
  projection_class_embeddings_input_dim: 2816,
};

/** The autoencoder of SDXL. */
export const sdxlVae: Config = {
  _class_name: 'AutoencoderKL',
  _diffusers_version: '0.20.0',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array.from({ length: 4 }, () => 'DownEncoderBlock2D'),
  up_block_types: Array.from({ length: 4 }, () => 'UpDecoderBlock2D'),
  layers_per_block: 2,
  sample_size: 1024,
  force_upcast: true,
};

/** A text encoder. */
export const clipText: Config = {
  architectures: ['CLIPTextModel'],
  model_type: 'clip_text_model',
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  vocab_size: 49408,
  torch_dtype: 'float16',
};

/** Stable Diffusion's filter, which no kind of offload moves. */
export const safetyChecker: Config = {
  architectures: ['CLIPVisionModelWithProjection'],
  model_type: 'clip_vision_model',
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  patch_size: 14,
  projection_dim: 768,
};

/** The parts of a pipeline as the platform hands them over, the denoiser first. */
export function pipeline(
  parts: Readonly<Record<string, Config>>,
  setting: Partial<ModelSetting> = {},
): readonly ResolvedModel[] {
  const own = jobDocument().models[0];
  if (own === undefined) throw new Error('the sample job has no model');
  return Object.entries(parts).map(([part, config], index) => ({
    setting: { ...own, dtype: null, quantization: undefined, role: roleOf(part, index), ...setting },
    part,
    id: part,
    source: part,
    outcome: blueprintFromConfig(config),
  }));
}

function roleOf(part: string, index: number): ModelRole {
  if (index === 0) return 'main';
  return part === 'vae' ? 'vae' : 'textEncoder';
}
