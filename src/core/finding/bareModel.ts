import { withSettings } from '../advice/jobSettings';
import type { Job } from '../job/job';
import type { ImageSettings } from '../job/jobDocument';
import type { EstimateResult } from './result';

/** A further way to use a bare model that its lens shows beside running it. */
export interface BareVariant {
  /** In the lens: `QLoRA`. */
  readonly name: string;
  /** In a tooltip: `Fine-tuning with QLoRA (…)`. */
  readonly says: string;
  /** In the report: `Memory to fine-tune it with QLoRA`. */
  readonly heading: string;
  /** What its smaller weights are called beside the model's own: `4-bit`; null where the weights are the same or larger. */
  readonly smaller: string | null;
}

/** A variant as a job. */
export interface BareJob extends BareVariant {
  readonly job: Job;
}

/** A variant with its answer. */
export interface AnsweredVariant extends BareVariant {
  readonly result: EstimateResult;
}

/** What a bare model's lens is written from. */
export interface BareVariants {
  readonly run: EstimateResult;
  readonly others: readonly AnsweredVariant[];
}

type Settings = Readonly<Record<string, unknown>>;

const trained: Settings = {
  task: 'train',
  'training.microBatch': 1,
  'training.sequenceLength': 2048,
  'training.gradientCheckpointing': 'full',
  'training.precision': 'bf16',
};

const qlora: BareVariant = {
  name: 'QLoRA',
  says: 'Fine-tuning with QLoRA (rank 16, all linear layers, 2048 tokens, checkpointing)',
  heading: 'Memory to fine-tune it with QLoRA',
  smaller: '4-bit',
};

const full: BareVariant = {
  name: 'Full',
  says: 'Full fine-tuning (2048 tokens, checkpointing)',
  heading: 'Memory to fine-tune all of it',
  smaller: null,
};

const sixteen: BareVariant = {
  name: '16-bit',
  says: 'Running it in 16 bits (torch_dtype)',
  heading: 'Memory to run it in 16 bits',
  smaller: '16-bit',
};

const offloaded: BareVariant = {
  name: 'Offloaded',
  says: 'Running it in 16 bits, each part on the device only while it runs (enable_model_cpu_offload)',
  heading: 'Memory to run it in 16 bits with model offload',
  smaller: null,
};

/**
 * A bare model as further jobs, so that a lens says what is in reach. A language model: QLoRA (rank 16 on all linear layers of a 4-bit
 * base) and full fine-tuning, both with sequences of 2048 tokens, one at a time, activations recomputed. A model that generates no text:
 * full fine-tuning alone, with its own sequences. A pipeline of diffusers: 16 bits instead of the fp32 that it is loaded in, and with its
 * parts offloaded.
 */
export function bareVariants(job: Job): readonly BareJob[] {
  const variant = (what: BareVariant, set: Settings): BareJob => ({
    ...what,
    job: { ...job, document: withSettings(job.document, set) },
  });
  const { task, inference, models } = job.document;
  const [main] = models;
  switch (task) {
    case 'diffuse': {
      const loadsInFp32 = (main?.dtype ?? null) === null;
      const half = loadsInFp32 ? { 'models.0.dtype': 'bf16' } : {};
      const image: ImageSettings = {
        width: null,
        height: null,
        frames: null,
        steps: null,
        batch: 1,
        vaeTiling: false,
        offload: 'none',
        ...inference.image,
      };
      return [
        ...(loadsInFp32 ? [variant(sixteen, half)] : []),
        // One part alone has nothing to take turns with.
        ...(main?.path === null || image.offload !== 'none'
          ? []
          : [variant(offloaded, { ...half, 'inference.image': { ...image, offload: 'model' } })]),
      ];
    }
    case 'generate':
      return [
        variant(qlora, {
          ...trained,
          'training.method': 'lora',
          'training.lora.rank': 16,
          'training.lora.targets': 'all-linear',
          'models.0.quantization': { method: 'bnb-nf4', doubleQuant: true },
        }),
        variant(full, { ...trained, 'training.method': 'full', 'models.0.quantization': null }),
      ];
    case 'embed':
    case 'classify':
    case 'transcribe': {
      const length = Math.min(2048, inference.contextLength);
      return [
        variant(
          { ...full, says: `Full fine-tuning (${length} tokens, checkpointing)` },
          {
            ...trained,
            'training.sequenceLength': length,
            'training.method': 'full',
            'models.0.quantization': null,
          },
        ),
      ];
    }
    case 'train':
      return [];
  }
}
