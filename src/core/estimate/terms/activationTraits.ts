import type { Blueprint } from '../../model/blueprint';

/** How a family's code differs where autograd keeps tensors. From transformers' modelling files. */
export interface ActivationTraits {
  /** Norms multiply by (1 + weight) in fp32, so that the fp32 result is kept, not a 16-bit one (Gemma). */
  readonly fp32NormProduct: boolean;
  /** Eager attention takes its softmax in fp32 and casts the result. */
  readonly fp32Softmax: boolean;
  /** Configs drop out a tenth of attention probabilities and of each block's result by default. */
  readonly dropout: boolean;
  /** Blocks normalise their result, so that the sum before the norm is kept (BERT). */
  readonly postNorm: boolean;
  /** Attention and MLP read the same stream, so that two norms keep one input. */
  readonly parallelBlocks: boolean;
  /** Queries and keys are rotated into tensors of their own; a fused projection's result stays alive for its values. */
  readonly rotary: boolean;
}

const parallel: ReadonlySet<string> = new Set(['gpt_neox', 'gptj', 'falcon', 'phi', 'cohere', 'cohere2']);

const encoders: ReadonlySet<string> = new Set([
  'bert',
  'roberta',
  'xlm-roberta',
  'camembert',
  'electra',
  'distilbert',
]);

/** Models that see the whole input at once, and take their loss in the dtype of the logits. */
export function isEncoder(blueprint: Blueprint): boolean {
  return encoders.has(blueprint.modelType);
}

export function activationTraits(blueprint: Blueprint): ActivationTraits {
  const { modelType } = blueprint;
  const encoder = isEncoder(blueprint);
  const dropout = encoder || modelType === 'gpt2';
  return {
    fp32NormProduct: modelType.startsWith('gemma'),
    fp32Softmax: !dropout,
    dropout,
    postNorm: encoder,
    parallelBlocks: parallel.has(modelType),
    rotary: !blueprint.tensors.some((tensor) => tensor.role === 'position'),
  };
}
