import type { StoredTensor } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Experts, ModelBuilder } from './modelBuilder';

export interface ExpertOptions {
  readonly hidden: number;
  /** Width of one expert. */
  readonly intermediate: number;
  readonly experts: Experts;
  /** Names of one expert's matrices in a checkpoint, below `experts.N.`. */
  readonly storedNames?: readonly [gate: string, up: string, down: string];
  /** Checkpoints hold the experts together as well, with the two matrix dimensions as [in, out]. */
  readonly storedTogether?: boolean;
  /** Name of the module in a checkpoint, when the library renames it on loading. */
  readonly storedModule?: string;
}

/**
 * Gated experts in the layout in which transformers 5 runs them: `gate_up_proj` [experts, 2 × width, hidden] and
 * `down_proj` [experts, hidden, width], two bare parameters in a module `name`. Checkpoints hold three matrices an expert.
 */
export function gatedExperts(model: ModelBuilder, name: string, options: ExpertOptions): void {
  const { hidden, intermediate, experts } = options;
  const [gate, up, down] = options.storedNames ?? ['gate_proj', 'up_proj', 'down_proj'];
  const stored = (part: string, shape: readonly number[]): StoredTensor => ({
    name: storedPath(model, `${name}.{}.${part}.weight`, options.storedModule),
    shape,
    count: experts.count,
  });
  const together = (part: string, shape: readonly number[]): readonly StoredTensor[] => [
    { name: model.path(`${name}.${part}`), shape, count: null },
  ];
  const apart = options.storedTogether !== true;
  const gateUpStored = apart
    ? [stored(gate, [intermediate, hidden]), stored(up, [intermediate, hidden])]
    : together('gate_up_proj', [experts.count, hidden, 2 * intermediate]);
  const downStored = apart
    ? [stored(down, [hidden, intermediate])]
    : together('down_proj', [experts.count, intermediate, hidden]);
  model.scope(name, () => {
    model.tensor('gate_up_proj', [experts.count, 2 * intermediate, hidden], 'gateUp', 'experts', {
      experts,
      stored: gateUpStored,
    });
    model.tensor('down_proj', [experts.count, hidden, intermediate], 'down', 'experts', {
      experts,
      stored: downStored,
    });
  });
}

/** Full name in a checkpoint: the innermost module of the current scope under its stored name. */
function storedPath(model: ModelBuilder, name: string, module: string | undefined): string {
  const scope = model.path('');
  return (module === undefined ? scope : scope.replace(/[^.]+\.$/u, `${module}.`)) + name;
}

/** A sparse MLP after its router: how many experts there are, how wide, and what every token passes besides. */
export interface SparseMlpOptions extends ExpertOptions {
  /** Name of the router within the module, a weight [experts, hidden]. */
  readonly router?: string;
  /** Width of the shared experts together; 0 = none. Their tensors are the family's own. */
  readonly shared?: number;
  /** Experts of two matrices with an activation between them. */
  readonly plain?: boolean;
}

/** Router and gated experts in a module `name`, and what they mean for the layer. */
export function sparseMlp(model: ModelBuilder, name: string, options: SparseMlpOptions): void {
  const { hidden, experts } = options;
  model.scope(name, () => {
    const router = options.router ?? 'gate';
    const shape = [experts.count, hidden];
    const name = storedPath(model, `${router}.weight`, options.storedModule);
    model.tensor(`${router}.weight`, shape, 'router', 'matrix', { stored: [{ name, shape, count: null }] });
    gatedExperts(model, 'experts', options);
  });
  layerExperts(model, options);
}

/** Tells the layer of its experts; what shared experts it has are counted as one wide MLP. */
export function layerExperts(model: ModelBuilder, options: SparseMlpOptions): void {
  const { experts, intermediate } = options;
  model.layerMlp({
    kind: options.plain === true ? 'plain' : 'gated',
    intermediate: 0,
    moe: { experts: experts.count, active: experts.active, intermediate, shared: options.shared ?? 0 },
  });
}

/** The number of experts and how many a token passes, under the given keys. */
export function expertsOf(
  config: ConfigReader,
  countKey: string,
  activeKey = 'num_experts_per_tok',
): Experts {
  const count = config.heads(countKey);
  const active = config.heads(activeKey);
  if (active > count) config.problem(activeKey, `at most ${countKey} ${count}`);
  return { count, active };
}
