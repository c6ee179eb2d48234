import type { ModelBuilder } from './modelBuilder';

export interface MlpOptions {
  readonly bias?: boolean;
}

/** gate, up and down projections: SwiGLU, GeGLU and their kin. */
export function gatedMlp(
  model: ModelBuilder,
  name: string,
  hidden: number,
  intermediate: number,
  options: MlpOptions & { readonly names?: readonly [gate: string, up: string, down: string] } = {},
): void {
  const [gate, up, down] = options.names ?? ['gate_proj', 'up_proj', 'down_proj'];
  const bias = options.bias ?? false;
  model.scope(name, () => {
    model.linear(gate, hidden, intermediate, 'gate', bias);
    model.linear(up, hidden, intermediate, 'up', bias);
    model.linear(down, intermediate, hidden, 'down', bias);
  });
  model.layerMlp({ kind: 'gated', intermediate, moe: null });
}

/** A gated MLP whose gate and up projections are one matrix. */
export function fusedGatedMlp(
  model: ModelBuilder,
  name: string,
  hidden: number,
  intermediate: number,
  options: MlpOptions & {
    readonly names?: readonly [gateUp: string, down: string];
    /** Bias of the second matrix; as `bias` when absent. */
    readonly downBias?: boolean;
  } = {},
): void {
  const [gateUp, down] = options.names ?? ['gate_up_proj', 'down_proj'];
  const bias = options.bias ?? false;
  model.scope(name, () => {
    model.linear(gateUp, hidden, 2 * intermediate, 'gateUp', bias);
    model.linear(down, intermediate, hidden, 'down', options.downBias ?? bias);
  });
  model.layerMlp({ kind: 'gated', intermediate, moe: null });
}

/** Two matrices with an activation between them. */
export function plainMlp(
  model: ModelBuilder,
  name: string,
  hidden: number,
  intermediate: number,
  options: MlpOptions & {
    readonly names: readonly [up: string, down: string];
    readonly transposed?: boolean;
  },
): void {
  const [up, down] = options.names;
  const bias = options.bias ?? true;
  model.scope(name, () => {
    if (options.transposed === true) {
      model.transposedLinear(up, hidden, intermediate, 'up');
      model.transposedLinear(down, intermediate, hidden, 'down');
    } else {
      model.linear(up, hidden, intermediate, 'up', bias);
      model.linear(down, intermediate, hidden, 'down', bias);
    }
  });
  model.layerMlp({ kind: 'plain', intermediate, moe: null });
}
