import { isRecord } from '../model/configReader';
import type { ModelRole } from './jobDocument';

/** One part of a diffusers pipeline that holds weights. */
export interface PipelinePart {
  /** Its folder beside `model_index.json`, and its attribute of the pipeline: `text_encoder_2`. */
  readonly name: string;
  readonly className: string;
  readonly role: ModelRole;
  /** For a class that is always the same size: its config. */
  readonly config: Readonly<Record<string, unknown>> | null;
}

/** What a pipeline is built from without weights. */
const weightless =
  /(?:Scheduler|Tokenizer(?:Fast)?|Processor|FeatureExtractor|FeatureExtractionMixin|Guider|Watermarker|Normalizer|Transform)$/u;

/** The part that is run once a step, the first that there is. */
const denoisers = ['transformer', 'unet', 'prior', 'decoder', 'model'];

/** Stable Diffusion's filter is always CLIP's ViT-L/14 with a table of embeddings (pipelines/stable_diffusion/safety_checker). */
const safetyChecker = {
  architectures: ['CLIPVisionModelWithProjection'],
  model_type: 'clip_vision_model',
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 224,
  patch_size: 14,
  projection_dim: 768,
};

/**
 * The parts of a `model_index.json` (already parsed), the denoiser first; null when it is none. Entries are
 * `"name": ["library", "Class"]`; those of null are left out of the pipeline.
 */
export function pipelineParts(index: unknown): readonly PipelinePart[] | null {
  if (!isRecord(index) || !/Pipeline$/u.test(text(index['_class_name']))) return null;
  const parts: PipelinePart[] = [];
  for (const [name, entry] of Object.entries(index)) {
    if (name.startsWith('_') || !Array.isArray(entry) || entry.length !== 2) continue;
    const className = text(entry[1]);
    if (className === '' || weightless.test(className)) continue;
    parts.push({
      name,
      className,
      role: roleOf(name),
      config: className === 'StableDiffusionSafetyChecker' ? safetyChecker : null,
    });
  }
  const first = denoisers.find((name) => parts.some((part) => part.name === name)) ?? parts[0]?.name;
  return [
    ...parts.filter((part) => part.name === first).map((part) => ({ ...part, role: 'main' as const })),
    ...parts.filter((part) => part.name !== first),
  ];
}

function roleOf(name: string): ModelRole {
  if (/^(vae|vqvae|vqgan|movq)$/u.test(name)) return 'vae';
  return /text_encoder/u.test(name) ? 'textEncoder' : 'projector';
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
