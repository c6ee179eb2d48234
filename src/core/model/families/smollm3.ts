import { separateAttention } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { layerWindows } from '../parts/windows';

/** SmolLM 3: llama in which some layers have no rotary positions, and those may have a window. Source: transformers models/smollm3. */
export const smollm3 = decoderFamily({
  modelType: 'smollm3',
  className: 'SmolLM3',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const bias = config.flag('attention_bias');
    const mlpBias = config.flag('mlp_bias');
    const rotary = config.integers('no_rope_layers', { max: 1 });
    const interval = config.size('no_rope_layer_interval');
    const window = config.flag('use_sliding_window') ? config.optionalSize('sliding_window') : null;
    const isPlain = (index: number): boolean =>
      rotary === null ? (index + 1) % interval === 0 : rotary[index] === 0;
    const windows = layerWindows(config, sizes.layers, window, isPlain);
    return llamaFrame(config, model, sizes, (index) => {
      separateAttention(model, 'self_attn', sizes, { bias, window: windows[index] ?? null });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate, { bias: mlpBias });
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    });
  },
});
