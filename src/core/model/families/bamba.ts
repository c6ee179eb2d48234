import type { ConfigReader } from '../configReader';
import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { mamba2, type Mamba2Sizes } from '../parts/stateSpace';

/** The `mamba_*` keys of Bamba and its kin; `inner` is the width of the mixer. */
export function bambaMixer(config: ConfigReader, hidden: number, inner: number): Mamba2Sizes {
  const heads = config.heads('mamba_n_heads');
  config.mustDivide('mamba_n_heads', heads, inner, 'the width of the mixer');
  const stated = config.value('mamba_d_head');
  const headDim =
    stated === 'auto' || stated === null ? Math.floor(inner / heads) : config.size('mamba_d_head');
  if (headDim * heads !== inner) config.problem('mamba_d_head', `${inner / heads}, or "auto"`);
  return {
    hidden,
    heads,
    headDim,
    groups: config.heads('mamba_n_groups'),
    state: config.size('mamba_d_state'),
    kernel: config.size('mamba_d_conv'),
  };
}

/** Bamba: Mamba 2 with attention in the layers that `attn_layer_indices` lists. Source: transformers models/bamba. */
export const bamba = decoderFamily({
  modelType: 'bamba',
  className: 'Bamba',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden } = sizes;
    const mixer = bambaMixer(config, hidden, config.size('mamba_expand') * hidden);
    const options = { convBias: config.flag('mamba_conv_bias'), bias: config.flag('mamba_proj_bias') };
    const attends = new Set(config.integers('attn_layer_indices') ?? []);
    const attentionBias = config.flag('attention_bias');
    const mlpBias = config.flag('mlp_bias');
    return llamaFrame(
      config,
      model,
      sizes,
      (index) => {
        gatedMlp(model, 'feed_forward', hidden, sizes.intermediate, { bias: mlpBias });
        model.rmsNorm('input_layernorm', hidden);
        model.rmsNorm('pre_ff_layernorm', hidden);
        if (attends.has(index)) separateAttention(model, 'self_attn', sizes, { bias: attentionBias });
        else mamba2(model, 'mamba', mixer, options);
      },
      () => model.rmsNorm('final_layernorm', hidden),
    );
  },
});
