import type { ModelBuilder } from './modelBuilder';

export interface CausalHeadOptions {
  readonly name: string;
  readonly hidden: number;
  readonly vocab: number;
  readonly bias: boolean;
  /** Full name of the embedding whose memory the output layer uses; null = its own. */
  readonly tiedTo: string | null;
  /** Tied by the class although the config says otherwise. */
  readonly ownWhenStored?: boolean;
  /** What checkpoints call the output layer, where that differs. */
  readonly storedName?: string | null;
}

/** The output layer of a language model. */
export function causalHead(model: ModelBuilder, options: CausalHeadOptions): void {
  const { name, hidden, vocab, storedName } = options;
  if (storedName === undefined || storedName === null)
    model.linear(name, hidden, vocab, 'head', options.bias);
  else
    model.tensor(`${name}.weight`, [vocab, hidden], 'head', 'linear', {
      stored: [{ name: model.path(`${storedName}.weight`), shape: [vocab, hidden], count: null }],
    });
  if (options.tiedTo !== null)
    model.tie(model.path(`${options.name}.weight`), options.tiedTo, options.ownWhenStored);
}

/** A linear layer from the last hidden state to labels or spans. */
export function tokenHead(
  model: ModelBuilder,
  name: string,
  hidden: number,
  outputs: number,
  bias: boolean,
): void {
  model.linear(name, hidden, outputs, 'classifier', bias);
}
