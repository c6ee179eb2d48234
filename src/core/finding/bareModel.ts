import { withSettings } from '../advice/jobSettings';
import type { Job } from '../job/job';

/** The two ways to train a bare model that its lens shows beside running it. */
export interface BareVariants {
  readonly qlora: Job;
  readonly full: Job;
}

const sharedSettings = {
  task: 'train',
  'training.microBatch': 1,
  'training.sequenceLength': 2048,
  'training.gradientCheckpointing': 'full',
  'training.precision': 'bf16',
};

/**
 * A bare model as jobs: QLoRA (rank 16 on all linear layers of a 4-bit base) and full fine-tuning, both with sequences of
 * 2048 tokens, one at a time, activations recomputed. Common first attempts, so that a lens says what is in reach.
 */
export function bareVariants(job: Job): BareVariants {
  const variant = (set: Readonly<Record<string, unknown>>): Job => ({
    ...job,
    document: withSettings(job.document, { ...sharedSettings, ...set }),
  });
  return {
    qlora: variant({
      'training.method': 'lora',
      'training.lora.rank': 16,
      'training.lora.targets': 'all-linear',
      'models.0.quantization': { method: 'bnb-nf4', doubleQuant: true },
    }),
    full: variant({ 'training.method': 'full', 'models.0.quantization': null }),
  };
}
