import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';

/** StableLM: LayerNorm instead of RMSNorm, one norm per head on request. Source: transformers models/stablelm. */
export const stablelm = decoderFamily({
  modelType: 'stablelm',
  className: 'StableLm',
  backbone(config, model) {
    // This class divides hidden_size by the heads and knows no head_dim.
    const sizes = { ...llamaSizes(config), headDim: config.quotient('hidden_size', 'num_attention_heads') };
    const { hidden, heads, kvHeads, headDim } = sizes;
    const bias = config.flag('use_qkv_bias');
    const headNorms = config.flag('qk_layernorm');
    const parallel = config.flag('use_parallel_residual');
    return llamaFrame(
      config,
      model,
      sizes,
      () => {
        separateAttention(model, 'self_attn', sizes, { bias, outputBias: false });
        if (headNorms)
          model.scope('self_attn', () => {
            for (let head = 0; head < heads; head++)
              model.layerNorm(`q_layernorm.norms.${head}`, headDim, false);
            for (let head = 0; head < kvHeads; head++)
              model.layerNorm(`k_layernorm.norms.${head}`, headDim, false);
          });
        gatedMlp(model, 'mlp', hidden, sizes.intermediate);
        model.layerNorm('input_layernorm', hidden);
        if (!parallel) model.layerNorm('post_attention_layernorm', hidden);
      },
      () => model.layerNorm('norm', hidden),
    );
  },
});
