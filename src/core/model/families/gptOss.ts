import { separateAttention } from '../parts/attention';
import { decoderFamily, sequenceClassification, tokenClassification } from '../parts/decoderFamily';
import { expertsOf, layerExperts } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import type { Experts, ModelBuilder } from '../parts/modelBuilder';
import { layerWindows } from '../parts/windows';

/** Experts with biases, stored [experts, in, out]; the published checkpoints hold them in MXFP4 blocks and scales. */
function experts(model: ModelBuilder, hidden: number, intermediate: number, experts: Experts): void {
  const { count } = experts;
  model.scope('experts', () => {
    const matrix = { experts, inputsFirst: true };
    model.tensor('gate_up_proj', [count, hidden, 2 * intermediate], 'gateUp', 'experts', matrix);
    model.tensor('gate_up_proj_bias', [count, 2 * intermediate], 'gateUp', 'experts', { experts });
    model.tensor('down_proj', [count, intermediate, hidden], 'down', 'experts', matrix);
    model.tensor('down_proj_bias', [count, hidden], 'down', 'experts', { experts });
  });
  layerExperts(model, { hidden, intermediate, experts });
}

/** gpt-oss: attention sinks, every other layer with a window, experts with biases. Source: transformers models/gpt_oss. */
export const gptOss = decoderFamily({
  modelType: 'gpt_oss',
  className: 'GptOss',
  tasks: [sequenceClassification, tokenClassification],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate, layers, heads } = sizes;
    const bias = config.flag('attention_bias');
    const count = expertsOf(config, 'num_local_experts');
    const windows = layerWindows(
      config,
      layers,
      config.optionalSize('sliding_window'),
      (index) => index % 2 === 0,
    );
    return llamaFrame(config, model, sizes, (index) => {
      separateAttention(model, 'self_attn', sizes, { bias, window: windows[index] ?? null });
      model.parameter('self_attn.sinks', [heads]);
      model.scope('mlp', () => {
        model.router('router', hidden, count.count, true);
        experts(model, hidden, intermediate, count);
      });
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
