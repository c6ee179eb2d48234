import { attentionSpec, type AttentionSizes } from './attention';
import type { ModelBuilder } from './modelBuilder';

export interface EncoderSizes extends AttentionSizes {
  readonly intermediate: number;
}

export interface EncoderLayerOptions {
  readonly causal: boolean;
  /** A second attention over an encoder's output. */
  readonly cross: boolean;
}

/** One attention block of BERT: query, key, value, and an output module with its norm. */
function attentionBlock(model: ModelBuilder, name: string, sizes: AttentionSizes): void {
  const { hidden, heads, headDim } = sizes;
  const inner = heads * headDim;
  model.scope(name, () => {
    model.linear('self.query', hidden, inner, 'q', true);
    model.linear('self.key', hidden, inner, 'k', true);
    model.linear('self.value', hidden, inner, 'v', true);
    model.linear('output.dense', inner, hidden, 'o', true);
    model.layerNorm('output.LayerNorm', hidden);
  });
}

/** A layer of BERT and the encoders that kept its module names. */
export function bertLayer(model: ModelBuilder, sizes: EncoderSizes, options: EncoderLayerOptions): void {
  const { hidden, intermediate } = sizes;
  attentionBlock(model, 'attention', sizes);
  model.layerAttention(attentionSpec(sizes, { causal: options.causal }));
  if (options.cross) {
    attentionBlock(model, 'crossattention', sizes);
    model.layerCross({ ...attentionSpec(sizes, { causal: false }), kind: 'cross' });
  }
  model.linear('intermediate.dense', hidden, intermediate, 'up', true);
  model.linear('output.dense', intermediate, hidden, 'down', true);
  model.layerNorm('output.LayerNorm', hidden);
  model.layerMlp({ kind: 'plain', intermediate, moe: null });
}
