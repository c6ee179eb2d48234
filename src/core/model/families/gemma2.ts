import type { ConfigReader } from '../configReader';
import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { layerWindows } from '../parts/windows';

/** The four norms of a Gemma layer from the second generation on: before and after attention and MLP. */
export function gemmaNorms(model: ModelBuilder, hidden: number): void {
  model.rmsNorm('input_layernorm', hidden);
  model.rmsNorm('post_attention_layernorm', hidden);
  model.rmsNorm('pre_feedforward_layernorm', hidden);
  model.rmsNorm('post_feedforward_layernorm', hidden);
}

/** Soft-capping of logits and of attention weights: absent or null = none. */
export function gemmaSoftcaps(config: ConfigReader, model: ModelBuilder): void {
  const set = (key: string): boolean => {
    const value = config.value(key);
    return value !== null && value !== undefined && config.real(key) !== 0;
  };
  model.facts = {
    ...model.facts,
    logitSoftcap: set('final_logit_softcapping'),
    attentionSoftcap: set('attn_logit_softcapping'),
    activation: config.text('hidden_activation'),
  };
}

/** Gemma 2: every other layer has a window, starting with the first. Source: transformers models/gemma2. */
export const gemma2 = decoderFamily({
  modelType: 'gemma2',
  className: 'Gemma2',
  backbone(config, model) {
    const sizes = llamaSizes(config, { exact: true });
    const bias = config.flag('attention_bias');
    const windows = layerWindows(
      config,
      sizes.layers,
      config.optionalSize('sliding_window'),
      (index) => index % 2 === 0,
    );
    const backbone = llamaFrame(config, model, sizes, (index) => {
      separateAttention(model, 'self_attn', sizes, { bias, window: windows[index] ?? null });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
      gemmaNorms(model, sizes.hidden);
    });
    gemmaSoftcaps(config, model);
    return backbone;
  },
});
