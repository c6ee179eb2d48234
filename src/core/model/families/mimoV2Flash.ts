import { attentionSpec } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { layerKinds } from '../parts/layerKinds';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { layerWindows } from '../parts/windows';

/**
 * MiMo-V2-Flash: windowed layers with sinks and twice the KV heads, a full layer first and every sixth, values narrower
 * than keys. Source: transformers models/mimo_v2_flash.
 */
export const mimoV2Flash = decoderFamily({
  modelType: 'mimo_v2_flash',
  className: 'MiMoV2Flash',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, heads, headDim, layers } = sizes;
    const valueDim = config.size('v_head_dim');
    // The window counts the token itself; the older key does not.
    const older = config.optionalSize('sliding_window_size');
    const window = older === null ? config.size('sliding_window') : older + 1;
    const windows = layerWindows(config, layers, window, (index) => index !== 0 && (index + 1) % 6 !== 0);
    const sparse = layerKinds<'dense' | 'sparse'>(
      config,
      'mlp_layer_types',
      layers,
      { dense: 'dense', sparse: 'sparse' },
      (index) => (index === 0 ? 'dense' : 'sparse'),
    );
    const experts = expertsOf(config, 'n_routed_experts');
    const intermediate = config.size('moe_intermediate_size');
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, (index) => {
      const reach = windows[index] ?? null;
      const kvHeads = reach === null ? sizes.kvHeads : 2 * sizes.kvHeads;
      config.mustDivide('num_key_value_heads', kvHeads, heads, 'num_attention_heads');
      model.scope('self_attn', () => {
        if (reach !== null)
          model.tensor('sinks', [heads], 'other', 'parameter', {
            stored: [{ name: model.path('attention_sink_bias'), shape: [heads], count: null }],
          });
        model.linear('q_proj', hidden, heads * headDim, 'q', bias);
        model.linear('k_proj', hidden, kvHeads * headDim, 'k', bias);
        model.linear('v_proj', hidden, kvHeads * valueDim, 'v', bias);
        model.linear('o_proj', heads * valueDim, hidden, 'o');
      });
      model.layerAttention({ ...attentionSpec({ ...sizes, kvHeads }, { window: reach }), valueDim });
      if (sparse[index] === 'dense') gatedMlp(model, 'mlp', hidden, sizes.intermediate);
      else {
        model.scope('mlp', () => {
          gatedExperts(model, 'experts', { hidden, intermediate, experts });
          model.router('gate', hidden, experts.count);
          model.tensor('gate.e_score_correction_bias', [experts.count], 'router', 'buffer');
        });
        layerExperts(model, { hidden, intermediate, experts });
      }
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
