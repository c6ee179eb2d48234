import { range, scale, sum, zero, type Range } from '../../units/range';
import { draft, type Instant, type TermDraft } from '../deviceMemory';
import type { ActivationMemory } from '../terms/activations';
import type { AutocastCopies } from '../terms/autocastCopies';
import type { LogitsMemory } from '../terms/logits';
import type { OptimizerMemory } from '../terms/optimizerStates';
import type { Trained } from '../terms/trained';

/** What a step consists of on one rank; bytes after sharding. */
export interface StepParts {
  /** Alive at every instant. */
  readonly base: readonly TermDraft[];
  readonly activations: ActivationMemory;
  readonly logits: LogitsMemory;
  readonly copies: AutocastCopies;
  readonly trained: Trained;
  /** Gradient bytes that a rank keeps when the backward pass has ended. */
  readonly gradients: number;
  readonly optimizer: OptimizerMemory;
  /** Largest quantised matrix when it is expanded for a product. */
  readonly dequantised: number;
  readonly accumulates: boolean;
  readonly checkpointed: boolean;
  readonly inBackward: boolean;
  readonly gradientScale: number;
  /** Embedding and output head are one tensor: its gradient comes in two parts that are added. */
  readonly embeddingTied: boolean;
  /** A forward pass over an evaluation batch; null = none. */
  readonly evaluation: { readonly activations: number; readonly logits: Range } | null;
  /** Relative width of the activations' interval. */
  readonly width: number;
}

/**
 * The instants of one step that can be its peak. Gradients and activations replace each other during the backward pass, so its two ends
 * bound what lies between.
 */
export function trainingInstants(parts: StepParts): readonly Instant[] {
  const { activations, logits, copies, trained } = parts;
  const all = parts.inBackward ? 0 : parts.gradients;
  const carried = parts.accumulates ? all : 0;
  const kept = activations.kept + activations.head;
  const work = (bytes: number): TermDraft =>
    draft('activations', range(bytes * (1 - parts.width), bytes, bytes * (1 + parts.width)));
  const gradients = (bytes: number): TermDraft => draft('gradients', bytes);
  const workspace = (bytes: Range | number): TermDraft => draft('workspace', bytes);
  const held = parts.checkpointed ? copies.outer : copies.forward;
  const outer = trained.outerGradient;
  // A layer is done when its gradients are there, and with it the head's.
  const afterFirstLayer = Math.max(
    carried,
    Math.min(parts.inBackward ? outer : all, outer + trained.layerGradient),
  );
  const pending = trained.layerGradient + (parts.embeddingTied ? 0 : outer);
  const again = !parts.inBackward && outer > 0 && (parts.embeddingTied || parts.accumulates);
  return [
    // The loss is computed; the last result of the model is still held.
    {
      phase: 'train-step',
      terms: [
        ...parts.base,
        gradients(carried),
        work(kept),
        draft('logits', logits.forward),
        workspace(copies.forward),
      ],
    },
    // The loss is differentiated.
    {
      phase: 'train-step',
      terms: [
        ...parts.base,
        gradients(carried),
        work(kept),
        draft('logits', logits.backward),
        workspace(held),
      ],
    },
    // The output layer is differentiated: the gradient of the logits in the compute dtype with that of the head.
    {
      phase: 'train-step',
      terms: [
        ...parts.base,
        gradients(carried + outer * (parts.accumulates || parts.gradientScale > 1 ? parts.gradientScale : 1)),
        work(kept),
        draft('logits', scale(logits.backward, 0.5)),
        workspace(held),
      ],
    },
    // The last layer is differentiated, the first to be: nothing else of the activations is gone.
    {
      phase: 'train-step',
      terms: [
        ...parts.base,
        gradients(afterFirstLayer),
        work(activations.kept + activations.working),
        workspace((parts.checkpointed ? copies.layer : copies.forward) + 2 * parts.dequantised),
      ],
    },
    // The first layer is differentiated, the last to be: its own gradients and the embedding's are still to come.
    {
      phase: 'train-step',
      terms: [
        ...parts.base,
        gradients(parts.inBackward ? trained.layerGradient : Math.max(carried, all - pending)),
        work(activations.bottom),
        workspace(copies.layer + 2 * parts.dequantised),
      ],
    },
    // The embedding is differentiated: a dense gradient, beside the one it is added to.
    {
      phase: 'train-step',
      terms: [
        ...parts.base,
        gradients((parts.inBackward ? outer : all) + (again ? outer : 0)),
        work(activations.input),
      ],
    },
    {
      phase: 'optimizer-step',
      terms: [...parts.base, gradients(all), workspace(parts.inBackward ? zero : parts.optimizer.step)],
    },
    ...(parts.evaluation === null
      ? []
      : [
          {
            phase: 'eval' as const,
            terms: [
              ...parts.base,
              work(parts.evaluation.activations),
              draft('logits', parts.evaluation.logits),
              workspace(copies.forward + parts.dequantised),
            ],
          },
        ]),
  ];
}

/** Bytes that come and go within a step: what the allocator's holes grow with. */
export function transientBytes(parts: StepParts): number {
  const { activations, logits } = parts;
  const loss = sum(logits.backward, zero).expected;
  return activations.kept + activations.working + loss + (parts.inBackward ? 0 : parts.gradients);
}
