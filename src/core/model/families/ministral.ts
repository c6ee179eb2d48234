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

/** Ministral 8B: Mistral with the window in the layers that `layer_types` names. Source: transformers models/ministral. */
export const ministral = decoderFamily({
  modelType: 'ministral',
  className: 'Ministral',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden } = sizes;
    const windows = layerWindows(config, sizes.layers, config.optionalSize('sliding_window'), () => true);
    return llamaFrame(config, model, sizes, (index) => {
      separateAttention(model, 'self_attn', sizes, { window: windows[index] ?? null });
      gatedMlp(model, 'mlp', hidden, sizes.intermediate);
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
