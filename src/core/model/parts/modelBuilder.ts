import type {
  AttentionSpec,
  Blueprint,
  GridScale,
  LayerSpec,
  MlpSpec,
  ModuleKind,
  RecurrentSpec,
  StoredTensor,
  TensorRole,
  TensorSpec,
} from '../blueprint';
import type { Dtype } from '../../units/dtype';

/** More tensors than any real model has, experts counted apart; a config that asks for more is refused. */
const MOST_TENSORS = 1_000_000;

/** Thrown by the builder when a config describes more tensors than can be real. */
export class TooManyTensors extends Error {
  constructor() {
    super(`the config describes more than ${MOST_TENSORS} tensors`);
  }
}

/** What a model says of itself as a whole. */
export type ModelFacts = Pick<
  Blueprint,
  'hidden' | 'vocab' | 'maxContext' | 'activation' | 'logitSoftcap' | 'attentionSoftcap' | 'diffusion'
>;

export interface Experts {
  readonly count: number;
  readonly active: number;
}

interface TensorOptions {
  readonly dtype?: Dtype;
  readonly experts?: Experts | null;
  readonly stored?: readonly StoredTensor[];
  readonly inputsFirst?: boolean;
}

interface LayerDraft {
  attention: AttentionSpec | null;
  cross: AttentionSpec | null;
  recurrent: RecurrentSpec | null;
  mlp: MlpSpec | null;
}

/**
 * Collects the tensors of a model module by module, under the names that the library gives them. A part (attention, MLP,
 * experts, a norm) adds its tensors here and says what its layer keeps and computes, so both come from one place.
 */
export class ModelBuilder {
  readonly tensors: TensorSpec[] = [];
  readonly checkpointOnly: TensorSpec[] = [];
  readonly layers: LayerSpec[] = [];
  readonly assumptions: string[] = [];
  /** False where a family had to read a config in a way that no class of the library does. */
  exact = true;
  facts: ModelFacts = {
    hidden: 0,
    vocab: 0,
    maxContext: null,
    activation: null,
    logitSoftcap: false,
    attentionSoftcap: false,
  };
  private prefix = '';
  private layerIndex: number | null = null;
  private componentName = 'text';
  private gridScale: GridScale | undefined;
  private draft: LayerDraft | null = null;
  private unloaded = false;
  private omitted: readonly string[] = [];
  private storedName: ((name: string) => string) | null = null;
  private linearKind: 'linear' | 'derived' = 'linear';

  /** Says what had to be assumed of the whole model, so that nothing of it counts as exact. */
  assume(sentence: string): void {
    this.exact = false;
    this.assumptions.push(sentence);
  }

  /** Everything that `body` adds is named `name.…`; an empty name adds nothing. */
  scope<T>(name: string, body: () => T): T {
    const outer = this.prefix;
    if (name !== '') this.prefix = `${outer}${name}.`;
    const result = body();
    this.prefix = outer;
    return result;
  }

  /** Everything that `body` adds belongs to this component: `vision`, `encoder`, ... */
  component<T>(name: string, body: () => T): T {
    const outer = this.componentName;
    this.componentName = name;
    const result = body();
    this.componentName = outer;
    return result;
  }

  get currentComponent(): string {
    return this.componentName;
  }

  /** The convolutions that `body` adds have this many output positions for each latent position. */
  grid(scale: GridScale, body: () => void): void {
    const outer = this.gridScale;
    this.gridScale = scale;
    body();
    this.gridScale = outer;
  }

  /** What `body` adds lies in checkpoints only: the library does not load it. */
  notLoaded(body: () => void): void {
    const outer = this.unloaded;
    this.unloaded = true;
    body();
    this.unloaded = outer;
  }

  /** Of what `body` adds, the modules of these names are left out. */
  without(modules: readonly string[], body: () => void): void {
    const outer = this.omitted;
    this.omitted = [...outer, ...modules.map((name) => `${this.prefix}${name}.`)];
    body();
    this.omitted = outer;
  }

  /** What `body` adds lies in checkpoints under other names: `rename` makes them of the library's. */
  storedAs<T>(rename: (name: string) => string, body: () => T): T {
    const outer = this.storedName;
    this.storedName = rename;
    const result = body();
    this.storedName = outer;
    return result;
  }

  /**
   * `count` layers named `name.0.…`, `name.1.…`; each becomes a LayerSpec with what its parts declare. Where a component
   * consists of several stacks, `first` is the number of layers before this one.
   */
  stack(name: string, count: number, hidden: number, body: (index: number) => void, first = 0): void {
    for (let index = 0; index < count; index++)
      this.layer(`${name}.${index}`, hidden, first + index, () => body(index));
  }

  /** One layer under a name of its own, where layers do not lie in one list. */
  layer(name: string, hidden: number, index: number, body: () => void): void {
    const draft: LayerDraft = { attention: null, cross: null, recurrent: null, mlp: null };
    this.draft = draft;
    this.layerIndex = index;
    this.scope(name, body);
    this.layerIndex = null;
    this.draft = null;
    if (this.unloaded) return;
    const grid = this.gridScale === undefined ? {} : { grid: this.gridScale };
    this.layers.push({ index, component: this.componentName, hidden, ...draft, ...grid });
  }

  /** What the current layer may keep of its attention. */
  /** Says of the last `count` layers that the forward pass goes through them `runs` times. */
  repeatLayers(count: number, runs: number): void {
    const body = this.layers.slice(this.layers.length - count);
    for (let run = 1; run < runs; run++) this.layers.push(...body);
  }

  layerAttention(spec: AttentionSpec): void {
    if (this.draft !== null) this.draft.attention = spec;
  }

  layerCross(spec: AttentionSpec): void {
    if (this.draft !== null) this.draft.cross = spec;
  }

  layerRecurrent(spec: RecurrentSpec): void {
    if (this.draft !== null) this.draft.recurrent = spec;
  }

  layerMlp(spec: MlpSpec): void {
    if (this.draft !== null) this.draft.mlp = spec;
  }

  /** The full name of something added in the current scope. */
  path(name: string): string {
    return this.prefix + name;
  }

  /** Any entry of the state dict. Shapes are the library's. */
  tensor(
    name: string,
    shape: readonly number[],
    role: TensorRole,
    module: ModuleKind,
    options: TensorOptions = {},
  ): void {
    const list = this.unloaded ? this.checkpointOnly : this.tensors;
    if (list.length >= MOST_TENSORS) throw new TooManyTensors();
    const full = this.prefix + name;
    if (this.omitted.some((module) => full.startsWith(module))) return;
    const rename = this.storedName;
    const forms = options.stored ?? (rename === null ? undefined : [{ name: full, shape, count: null }]);
    const stored = rename === null ? forms : forms?.map((form) => ({ ...form, name: rename(form.name) }));
    list.push({
      name: full,
      shape,
      dtype: options.dtype ?? null,
      role,
      module,
      layer: this.layerIndex,
      component: this.componentName,
      tiedTo: null,
      experts: options.experts ?? null,
      ...(this.gridScale === undefined ? {} : { grid: this.gridScale }),
      ...(options.inputsFirst === true ? { inputsFirst: true } : {}),
      ...(stored === undefined ? {} : { stored }),
    });
  }

  /** torch.nn.Linear: weight [out, in] and, with `bias`, bias [out]. */
  linear(name: string, inputs: number, outputs: number, role: TensorRole, bias = false): void {
    this.tensor(`${name}.weight`, [outputs, inputs], role, this.linearKind);
    if (bias) this.tensor(`${name}.bias`, [outputs], role, this.linearKind);
  }

  /** The linear modules that `body` adds are of a class that derives from torch.nn.Linear. */
  derivedLinears(body: () => void): void {
    const outer = this.linearKind;
    this.linearKind = 'derived';
    body();
    this.linearKind = outer;
  }

  /** A router of the usual kind: no linear module, it multiplies with a bare weight [experts, in] and, with `bias`, bias. */
  router(name: string, inputs: number, experts: number, bias = false): void {
    this.tensor(`${name}.weight`, [experts, inputs], 'router', 'matrix');
    if (bias) this.tensor(`${name}.bias`, [experts], 'router', 'parameter');
  }

  /** GPT-2's Conv1D: weight [in, out], always with a bias. */
  transposedLinear(name: string, inputs: number, outputs: number, role: TensorRole): void {
    this.tensor(`${name}.weight`, [inputs, outputs], role, 'conv1d');
    this.tensor(`${name}.bias`, [outputs], role, 'conv1d');
  }

  embedding(name: string, rows: number, width: number, role: TensorRole = 'embedding'): void {
    this.tensor(`${name}.weight`, [rows, width], role, 'embedding');
  }

  /** A norm with a weight alone: RMSNorm and its kin. */
  rmsNorm(name: string, width: number): void {
    this.tensor(`${name}.weight`, [width], 'norm', 'norm');
  }

  /** torch.nn.LayerNorm: weight and, unless `bias` is false, bias. */
  layerNorm(name: string, width: number, bias = true): void {
    this.tensor(`${name}.weight`, [width], 'norm', 'norm');
    if (bias) this.tensor(`${name}.bias`, [width], 'norm', 'norm');
  }

  /** torch.nn.Conv1d, Conv2d or Conv3d: weight `shape` = [out, in / groups, …kernel] and, unless `bias` is false, bias. */
  conv(name: string, shape: readonly number[], role: TensorRole, bias = true): void {
    this.tensor(`${name}.weight`, shape, role, 'conv');
    if (bias) this.tensor(`${name}.bias`, shape.slice(0, 1), role, 'conv');
  }

  /** A bare parameter of a module. */
  parameter(name: string, shape: readonly number[], role: TensorRole = 'other'): void {
    this.tensor(name, shape, role, 'parameter');
  }

  /** A buffer that is saved in the state dict. */
  buffer(name: string, shape: readonly number[], dtype: Dtype): void {
    this.tensor(name, shape, 'other', 'buffer', { dtype });
  }

  /**
   * Makes the named tensor share its memory with another one. Both must exist, under their full names or below the current
   * scope. `ownWhenStored` as in TensorSpec.
   */
  tie(name: string, owner: string, ownWhenStored = false): void {
    const index = this.find(name);
    const shared = this.tensors[this.find(owner)];
    const tensor = this.tensors[index];
    if (tensor === undefined || shared === undefined)
      throw new Error(`cannot tie ${name} to ${owner}: not in the model`);
    this.tensors[index] = {
      ...tensor,
      tiedTo: shared.tiedTo ?? shared.name,
      ...(ownWhenStored ? { ownWhenStored: true } : {}),
    };
  }

  /** The same where both tensors are in the model. */
  tieIfThere(name: string, owner: string): void {
    if (this.find(name) !== -1 && this.find(owner) !== -1) this.tie(name, owner);
  }

  private find(name: string): number {
    const full = this.tensors.findIndex((tensor) => tensor.name === name);
    return full === -1 ? this.tensors.findIndex((tensor) => tensor.name === this.prefix + name) : full;
  }
}
