import { dtypeBytes, type Dtype } from '../../units/dtype';
import { range, type Range } from '../../units/range';

/** Bytes of the output layer's results and of the loss at the two instants where they are largest. */
export interface LogitsMemory {
  /** While the loss is computed. */
  readonly forward: Range;
  /** While the loss is differentiated. */
  readonly backward: Range;
  /** What autograd keeps of them between the two. */
  readonly kept: Range;
}

export interface LogitsInput {
  readonly tokens: number;
  readonly vocab: number;
  readonly hidden: number;
  readonly compute: Dtype;
  readonly loss: 'plain' | 'chunked' | 'fused';
  readonly softcap: boolean;
  readonly compiled: boolean;
  readonly headTrained: boolean;
  /** The loss casts 16-bit logits to fp32 first. */
  readonly upcasts: boolean;
}

/**
 * Logits and cross entropy of a causal language model.
 *
 * plain (transformers/loss/loss_utils.py, ForCausalLMLoss; the same in torchtune and litgpt): logits [tokens, vocab] in the compute
 * dtype, their fp32 copy, and log_softmax's fp32 result, which autograd keeps. Backward: that result, the fp32 gradient of
 * nll_loss and the fp32 gradient of log_softmax are alive together; then the gradient is cast down.
 * chunked: the logits are made and kept as a whole in the compute dtype, the fp32 work is done in 8 pieces (torchtune,
 * CEWithChunkedOutputLoss); what each piece keeps adds up unless the loss is compiled.
 * fused: a kernel computes loss and gradient piece by piece and never holds all logits (Liger: pieces of about
 * tokens * hidden / vocab rows, liger_kernel/ops/fused_linear_cross_entropy.py; cut cross entropy holds less).
 */
export function logitsMemory(input: LogitsInput): LogitsMemory {
  const { tokens, vocab } = input;
  const all = tokens * vocab;
  const c = dtypeBytes(input.compute);
  const upcast = c === 4 || !input.upcasts ? 0 : 4;
  /** Bytes of what the loss computes in. */
  const l = input.upcasts ? 4 : c;
  // tanh soft-capping divides, applies tanh and multiplies: tanh's result is kept.
  const cap = input.softcap ? c * all : 0;
  switch (input.loss) {
    case 'plain': {
      const forward = (c + upcast + l) * all + 2 * cap;
      const backward = 3 * l * all + cap;
      // A compiled loss can fuse the cast with the softmax and keep the logits themselves; casts outside of it stay.
      if (input.compiled)
        return {
          forward: range((c + 2) * all, forward, forward),
          backward: range(2 * c * all, backward, backward),
          kept: range(c * all, l * all, l * all),
        };
      return {
        forward: range((c + l) * all, forward, forward + c * all),
        // A trainer that still holds the model's output holds the logits with it; before 4.46 a shifted fp32 copy as well.
        backward: range((2 * l + c) * all + cap, backward, backward + (l + c) * all),
        kept: range(l * all + cap, l * all + cap, (l + c) * all + cap),
      };
    }
    case 'chunked': {
      const piece = all / 8;
      const kept = input.compiled ? c * all : (c + 4) * all;
      // The gradient of a piece goes through the output layer at once, or all pieces' are gathered first.
      const gathered = c * all;
      return {
        forward: range(c * all, kept + 4 * piece, (c + 4) * all + 8 * piece),
        backward: range(c * all, kept + 8 * piece, (c + 4) * all + gathered + 8 * piece),
        kept: range(c * all, kept, (c + 4) * all),
      };
    }
    case 'fused': {
      const pieces = Math.max(1, Math.ceil(vocab / Math.max(1, input.hidden)));
      const rows = Math.min(tokens, 2 ** Math.ceil(Math.log2(Math.max(1, Math.ceil(tokens / pieces)))));
      const hiddenGradient = tokens * input.hidden * c;
      const headGradient = input.headTrained ? vocab * input.hidden * c : 0;
      const forward = rows * vocab * (c + upcast) + hiddenGradient + headGradient;
      const kept = hiddenGradient + headGradient;
      return {
        forward: range(hiddenGradient, forward, forward + headGradient),
        backward: range(kept, kept, kept + headGradient),
        kept: range(0, kept, kept),
      };
    }
  }
}
