import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { mamba2 } from '../parts/stateSpace';
import { bambaMixer } from './bamba';

/** Falcon H1: Mamba 2 and attention side by side in every layer. Source: transformers models/falcon_h1. */
export const falconH1 = decoderFamily({
  modelType: 'falcon_h1',
  className: 'FalconH1',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden } = sizes;
    const inner = config.optionalSize('mamba_d_ssm') ?? config.size('mamba_expand') * hidden;
    const mixer = bambaMixer(config, hidden, inner);
    const options = {
      convBias: config.flag('mamba_conv_bias'),
      bias: config.flag('mamba_proj_bias'),
      outputBias: config.flag('projectors_bias'),
      norm: config.flag('mamba_rms_norm'),
    };
    const attentionBias = config.flag('attention_bias');
    const mlpBias = config.flag('mlp_bias');
    return llamaFrame(
      config,
      model,
      sizes,
      () => {
        gatedMlp(model, 'feed_forward', hidden, sizes.intermediate, { bias: mlpBias });
        mamba2(model, 'mamba', mixer, options);
        separateAttention(model, 'self_attn', sizes, { bias: attentionBias });
        model.rmsNorm('input_layernorm', hidden);
        model.rmsNorm('pre_ff_layernorm', hidden);
      },
      () => model.rmsNorm('final_layernorm', hidden),
    );
  },
});
