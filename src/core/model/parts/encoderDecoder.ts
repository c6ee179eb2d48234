import type { ConfigReader } from '../configReader';
import { attentionSpec } from './attention';
import { plainMlp } from './mlp';
import type { ModelBuilder } from './modelBuilder';

/** Sizes of one half of a model shaped like BART. */
export interface HalfSizes {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
}

export interface HalfOptions {
  /** Whisper's key projections have no bias. */
  readonly keyBias?: boolean;
  /** Tokens that the encoder hands over, where the config fixes them. */
  readonly crossTokens?: number | null;
  /** False where the decoder stands alone and its second attention has nothing to look at. */
  readonly keepsCross?: boolean;
}

/** `encoder_layers`, `encoder_attention_heads`, `encoder_ffn_dim`, or those of the decoder. */
export function halfSizes(config: ConfigReader, side: 'encoder' | 'decoder'): HalfSizes {
  const hidden = config.size('d_model');
  const heads = config.heads(`${side}_attention_heads`);
  config.mustDivide(`${side}_attention_heads`, heads, hidden, 'd_model');
  return {
    hidden,
    heads,
    layers: config.layers(`${side}_layers`),
    intermediate: config.size(`${side}_ffn_dim`),
  };
}

function bartAttention(model: ModelBuilder, name: string, hidden: number, keyBias: boolean): void {
  model.scope(name, () => {
    model.linear('k_proj', hidden, hidden, 'k', keyBias);
    model.linear('v_proj', hidden, hidden, 'v', true);
    model.linear('q_proj', hidden, hidden, 'q', true);
    model.linear('out_proj', hidden, hidden, 'o', true);
  });
}

/** The layers of one half: self-attention, in the decoder a second attention over the encoder's output, two matrices. */
export function bartLayers(
  model: ModelBuilder,
  side: 'encoder' | 'decoder',
  sizes: HalfSizes,
  options: HalfOptions = {},
): void {
  const { hidden, heads, intermediate } = sizes;
  const keyBias = options.keyBias ?? true;
  const attention = { hidden, heads, kvHeads: heads, headDim: Math.floor(hidden / heads) };
  model.stack('layers', sizes.layers, hidden, () => {
    bartAttention(model, 'self_attn', hidden, keyBias);
    model.layerAttention(attentionSpec(attention, { causal: side === 'decoder' }));
    model.layerNorm('self_attn_layer_norm', hidden);
    if (side === 'decoder') {
      bartAttention(model, 'encoder_attn', hidden, keyBias);
      model.layerNorm('encoder_attn_layer_norm', hidden);
      if (options.keepsCross !== false)
        model.layerCross({
          ...attentionSpec(attention, { causal: false }),
          kind: 'cross',
          crossTokens: options.crossTokens ?? null,
        });
    }
    plainMlp(model, '', hidden, intermediate, { names: ['fc1', 'fc2'] });
    model.layerNorm('final_layer_norm', hidden);
  });
}
