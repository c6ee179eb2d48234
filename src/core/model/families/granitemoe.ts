import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { expertsOf, layerExperts } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import type { Experts, ModelBuilder } from '../parts/modelBuilder';

/** Router and experts of Granite; checkpoints hold the experts fused too, under other names. */
export function graniteExperts(
  model: ModelBuilder,
  hidden: number,
  intermediate: number,
  experts: Experts,
): void {
  model.scope('block_sparse_moe', () => {
    const stored = (
      name: string,
      shape: readonly number[],
    ): { stored: [{ name: string; shape: readonly number[]; count: null }] } => ({
      stored: [{ name: model.path(name), shape, count: null }],
    });
    const router = [experts.count, hidden];
    const gateUp = [experts.count, 2 * intermediate, hidden];
    const down = [experts.count, hidden, intermediate];
    model.tensor('router.weight', router, 'router', 'matrix', stored('router.layer.weight', router));
    model.tensor('experts.gate_up_proj', gateUp, 'gateUp', 'experts', {
      experts,
      ...stored('input_linear.weight', gateUp),
    });
    model.tensor('experts.down_proj', down, 'down', 'experts', {
      experts,
      ...stored('output_linear.weight', down),
    });
  });
}

/** Granite 3 MoE: experts in every layer, fused in checkpoints too. Source: transformers models/granitemoe. */
export const granitemoe = decoderFamily({
  modelType: 'granitemoe',
  className: 'GraniteMoe',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate } = sizes;
    const experts = expertsOf(config, 'num_local_experts');
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { bias });
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
      graniteExperts(model, hidden, intermediate, experts);
      layerExperts(model, { hidden, intermediate, experts });
    });
  },
});
