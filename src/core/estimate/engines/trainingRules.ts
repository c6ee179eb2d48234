import type { EngineName, JobDocument } from '../../job/jobDocument';

/** How a training framework differs from plain PyTorch where memory is concerned. */
export interface TrainingRules {
  /** Adapters are held in fp32 whatever the model's dtype; false = in the model's dtype. */
  readonly adaptersInFp32: boolean;
  /** Operations run under autocast when the compute dtype is 16 bit. */
  readonly autocastsAdapters: boolean;
  /** What stays unquantised of a quantised base (norms, embeddings, head) is cast to fp32. */
  readonly upcastsUnquantised: boolean;
  /** Norms, embeddings and head are held in fp32 in full fine-tuning of a 16-bit model. */
  readonly upcastsNormsAndEmbeddings: boolean;
  /** Optimizer implementation where the job names none; null = it depends on the version. */
  readonly optimizerImplementation: string | null;
  /** Embeddings keep 32-bit states under an 8-bit optimizer (transformers/trainer.py registers the override). */
  readonly wideEmbeddingStates: boolean;
  /** `upcastsUnquantised` is left to the user's script: it may or may not happen. */
  readonly mayUpcastUnquantised: boolean;
  /** Attention without a mask gives the kernel grouped keys and values; with one they are repeated. */
  readonly groupedSdpa: boolean;
  readonly source: string;
}

const trainer: TrainingRules = {
  adaptersInFp32: true,
  autocastsAdapters: true,
  upcastsUnquantised: false,
  upcastsNormsAndEmbeddings: false,
  optimizerImplementation: null,
  wideEmbeddingStates: true,
  mayUpcastUnquantised: false,
  groupedSdpa: true,
  source:
    'transformers Trainer with PEFT: adapters in fp32 (peft/tuners/tuners_utils.py, cast_adapter_dtype), forward under autocast',
};

const sameDtype: TrainingRules = {
  adaptersInFp32: false,
  autocastsAdapters: false,
  upcastsUnquantised: false,
  upcastsNormsAndEmbeddings: false,
  optimizerImplementation: null,
  wideEmbeddingStates: false,
  mayUpcastUnquantised: false,
  groupedSdpa: true,
  source:
    'torchtune, litgpt: one dtype for model and adapters (torchtune/modules/peft/lora.py; litgpt/lora.py)',
};

/**
 * The rules of an engine for a job.
 * axolotl casts norms, embeddings and head to fp32 before and, with an adapter or flash attention or cut cross entropy, back to the
 * model's dtype after (axolotl/loaders/model.py, _configure_embedding_dtypes).
 * LLaMA-Factory casts what is trained to fp32 (llamafactory/model/adapter.py); its formats say so in `precision`.
 */
export function trainingRules(job: JobDocument): TrainingRules {
  const { training } = job;
  const engine: EngineName = job.engine.name;
  switch (engine) {
    case 'axolotl':
      return {
        ...trainer,
        optimizerImplementation: 'fused',
        upcastsNormsAndEmbeddings:
          training.method === 'full' && training.attention !== 'flash' && training.loss !== 'fused',
        source: 'axolotl/loaders/model.py; PEFT; transformers Trainer',
      };
    case 'transformers':
      return { ...trainer, mayUpcastUnquantised: true };
    case 'torchtune':
      // Every configuration that it ships asks for the fused kernel.
      return { ...sameDtype, optimizerImplementation: 'fused' };
    case 'litgpt':
    case 'pytorch':
      return { ...sameDtype, optimizerImplementation: 'foreach' };
    case 'llama-factory':
    case 'unsloth':
    case 'diffusers':
    case 'deepspeed':
      return trainer;
    default:
      return sameDtype;
  }
}
