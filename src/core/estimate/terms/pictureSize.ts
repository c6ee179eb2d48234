import type { ImageSettings } from '../../job/jobDocument';
import type { AutoencoderSpec, Blueprint, DenoiserSpec, LatentScale } from '../../model/blueprint';

/** What a diffusion job makes, in pixels and in latents. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly batch: number;
  readonly steps: number;
  readonly latent: { readonly width: number; readonly height: number; readonly frames: number };
  /** Pixels and frames of one latent position. */
  readonly scale: LatentScale;
}

export function denoiserOf(blueprint: Blueprint): DenoiserSpec | null {
  return blueprint.diffusion?.part === 'denoiser' ? blueprint.diffusion : null;
}

export function autoencoderOf(blueprint: Blueprint): AutoencoderSpec | null {
  return blueprint.diffusion?.part === 'autoencoder' ? blueprint.diffusion : null;
}

/** Of a bare autoencoder: the size that most image models make. */
const usual = { width: 1024, height: 1024, frames: 1, steps: 1 };

/**
 * Sizes that the job names, else those that the pipelines of its denoiser start from (`sample_size` × the autoencoder's factor, or the
 * pipeline's own). A video has one latent frame for the first frame and one for every `time` further ones.
 */
export function pictureSize(
  image: ImageSettings | null,
  denoiser: DenoiserSpec | null,
  autoencoder: AutoencoderSpec | null,
): PictureSize {
  const scale = autoencoder?.latent ?? denoiser?.latent ?? { space: 8, time: 1 };
  const width = image?.width ?? denoiser?.output.width ?? usual.width;
  const height = image?.height ?? denoiser?.output.height ?? usual.height;
  const frames = image?.frames ?? denoiser?.output.frames ?? usual.frames;
  return {
    width,
    height,
    frames,
    batch: Math.max(1, image?.batch ?? 1),
    steps: image?.steps ?? denoiser?.steps ?? usual.steps,
    latent: {
      width: Math.max(1, Math.floor(width / scale.space)),
      height: Math.max(1, Math.floor(height / scale.space)),
      frames: Math.floor((frames - 1) / scale.time) + 1,
    },
    scale,
  };
}

/** Latents that a denoiser computes at once: both halves of classifier-free guidance where its pipeline joins them. */
export function rowsOf(size: PictureSize, denoiser: DenoiserSpec): number {
  return size.batch * (denoiser.guidance === 'batch' ? 2 : 1);
}

/** Tokens that a transformer makes of one picture or video, the prompt's with them. */
export function tokensOf(size: PictureSize, denoiser: DenoiserSpec): { image: number; text: number } {
  const { latent } = size;
  const { patch, textTokens } = denoiser;
  return {
    image:
      Math.ceil(latent.frames / patch.time) *
      Math.ceil(latent.height / patch.space) *
      Math.ceil(latent.width / patch.space),
    text: textTokens,
  };
}
