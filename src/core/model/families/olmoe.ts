import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { expertsOf, sparseMlp } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';

/** OLMoE: norms over the whole query and key, experts in every layer. Source: transformers models/olmoe. */
export const olmoe = decoderFamily({
  modelType: 'olmoe',
  className: 'Olmoe',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config, { exact: true });
    const { hidden, intermediate } = sizes;
    const bias = config.flag('attention_bias');
    const experts = expertsOf(config, 'num_experts');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { bias, norms: 'full' });
      sparseMlp(model, 'mlp', { hidden, intermediate, experts });
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
