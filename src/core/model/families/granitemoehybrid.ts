import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { expertsOf, layerExperts } from '../parts/experts';
import { hybridWords, layerKinds } from '../parts/layerKinds';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { fusedGatedMlp } from '../parts/mlp';
import { mamba2 } from '../parts/stateSpace';
import { bambaMixer } from './bamba';
import { graniteExperts } from './granitemoe';

const sharedNames = ['input_linear', 'output_linear'] as const;

/** Granite MoE with a shared MLP beside the experts. Source: transformers models/granitemoeshared. */
export const granitemoeshared = decoderFamily({
  modelType: 'granitemoeshared',
  className: 'GraniteMoeShared',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate } = sizes;
    const experts = expertsOf(config, 'num_local_experts');
    const shared = config.integer('shared_intermediate_size');
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { bias });
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
      graniteExperts(model, hidden, intermediate, experts);
      if (shared > 0) fusedGatedMlp(model, 'shared_mlp', hidden, shared, { names: sharedNames });
      layerExperts(model, { hidden, intermediate, experts, shared });
    });
  },
});

/**
 * Granite 4: Mamba 2 and attention layers, each with a shared MLP and, unless `num_local_experts` is 0, experts.
 * Source: transformers models/granitemoehybrid.
 */
export const granitemoehybrid = decoderFamily({
  modelType: 'granitemoehybrid',
  className: 'GraniteMoeHybrid',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate, layers } = sizes;
    const kinds = layerKinds(config, 'layer_types', layers, hybridWords, () => 'recurrent');
    const mixer = bambaMixer(config, hidden, config.size('mamba_expand') * hidden);
    const options = { convBias: config.flag('mamba_conv_bias'), bias: config.flag('mamba_proj_bias') };
    const sparse = config.integer('num_local_experts') > 0;
    const experts = sparse ? expertsOf(config, 'num_local_experts') : { count: 0, active: 0 };
    const shared = config.size('shared_intermediate_size');
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, (index) => {
      if (kinds[index] === 'attention') separateAttention(model, 'self_attn', sizes, { bias });
      else mamba2(model, 'mamba', mixer, options);
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
      if (sparse) graniteExperts(model, hidden, intermediate, experts);
      fusedGatedMlp(model, 'shared_mlp', hidden, shared, { names: sharedNames });
      if (sparse) layerExperts(model, { hidden, intermediate, experts, shared });
    });
  },
});
