import type { StoredTensor } from '../blueprint';
import type { Experts, ModelBuilder } from './modelBuilder';

export interface ExpertOptions {
  readonly hidden: number;
  /** Width of one expert. */
  readonly intermediate: number;
  readonly experts: Experts;
  /** Names of one expert's matrices in a checkpoint, below `experts.N.`. */
  readonly storedNames?: readonly [gate: string, up: string, down: string];
}

/**
 * Gated experts in the layout in which transformers 5 runs them: `gate_up_proj` [experts, 2 × width, hidden] and
 * `down_proj` [experts, hidden, width], two bare parameters in a module `name`. Checkpoints hold three matrices an expert.
 */
export function gatedExperts(model: ModelBuilder, name: string, options: ExpertOptions): void {
  const { hidden, intermediate, experts } = options;
  const [gate, up, down] = options.storedNames ?? ['gate_proj', 'up_proj', 'down_proj'];
  model.scope(name, () => {
    const stored = (part: string, shape: readonly number[]): StoredTensor => ({
      name: model.path(`{}.${part}.weight`),
      shape,
      count: experts.count,
    });
    model.tensor('gate_up_proj', [experts.count, 2 * intermediate, hidden], 'gateUp', 'experts', {
      experts,
      stored: [stored(gate, [intermediate, hidden]), stored(up, [intermediate, hidden])],
    });
    model.tensor('down_proj', [experts.count, hidden, intermediate], 'down', 'experts', {
      experts,
      stored: [stored(down, [hidden, intermediate])],
    });
  });
}
