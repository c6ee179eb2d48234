import { separateAttention } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { expertsOf, sparseMlp } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { mamba1 } from '../parts/stateSpace';

/** Jamba: Mamba with attention and with experts in every so many layers. Source: transformers models/jamba. */
export const jamba = decoderFamily({
  modelType: 'jamba',
  className: 'Jamba',
  tasks: [sequenceClassification],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate } = sizes;
    const rank =
      config.value('mamba_dt_rank') === 'auto' ? Math.ceil(hidden / 16) : config.size('mamba_dt_rank');
    const mixer = {
      hidden,
      inner: config.size('mamba_expand') * hidden,
      state: config.size('mamba_d_state'),
      kernel: config.size('mamba_d_conv'),
      rank,
    };
    const options = {
      convBias: config.flag('mamba_conv_bias'),
      bias: config.flag('mamba_proj_bias'),
      norms: true,
    };
    const experts = expertsOf(config, 'num_experts');
    const every = (period: string, offset: string): ((index: number) => boolean) => {
      const step = config.size(period);
      const first = config.integer(offset);
      if (first >= step) config.problem(offset, `less than ${period} ${step}`);
      return (index) => index % step === first;
    };
    const attends = every('attn_layer_period', 'attn_layer_offset');
    const isSparse = every('expert_layer_period', 'expert_layer_offset');
    return llamaFrame(
      config,
      model,
      sizes,
      (index) => {
        if (attends(index)) separateAttention(model, 'self_attn', sizes);
        else mamba1(model, 'mamba', mixer, options);
        if (experts.count > 1 && isSparse(index))
          sparseMlp(model, 'feed_forward', { hidden, intermediate, experts, router: 'router' });
        else gatedMlp(model, 'feed_forward', hidden, intermediate);
        model.rmsNorm('input_layernorm', hidden);
        model.rmsNorm('pre_ff_layernorm', hidden);
      },
      () => model.rmsNorm('final_layernorm', hidden),
    );
  },
});
