import type { ConfigReader } from '../configReader';
import { decoderFamily } from '../parts/decoderFamily';
import { sharedKvAttention, sharedKvLayers } from '../parts/sharedKv';
import { attentionSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { layerWindows } from '../parts/windows';
import { gemmaNorms, gemmaSoftcaps } from './gemma2';

/** Embeddings that enter every layer anew, and what brings them to the layers' width. */
export function perLayerInputs(config: ConfigReader, model: ModelBuilder, layers: number): void {
  const hidden = config.size('hidden_size');
  const width = config.size('hidden_size_per_layer_input');
  model.embedding('embed_tokens_per_layer', config.size('vocab_size_per_layer_input'), layers * width);
  model.linear('per_layer_model_projection', hidden, layers * width, 'other');
  model.rmsNorm('per_layer_projection_norm', width);
}

/** A layer's gate on its own embeddings. */
export function perLayerGate(model: ModelBuilder, hidden: number, width: number): void {
  model.linear('per_layer_input_gate', hidden, width, 'other');
  model.linear('per_layer_projection', width, hidden, 'other');
  model.rmsNorm('post_per_layer_input_norm', hidden);
}

/** Alternating updates of several streams (AltUp) and a low-rank residual (LAuReL). */
function augmentedResidual(model: ModelBuilder, hidden: number, streams: number, rank: number): void {
  model.scope('altup', () => {
    model.parameter('correct_output_scale', [hidden]);
    model.linear('correction_coefs', streams, streams, 'other');
    model.linear('prediction_coefs', streams, streams * streams, 'other');
    model.linear('modality_router', hidden, streams, 'router');
    model.rmsNorm('router_norm', hidden);
  });
  model.scope('laurel', () => {
    model.linear('linear_left', hidden, rank, 'other');
    model.linear('linear_right', rank, hidden, 'other');
    model.rmsNorm('post_laurel_norm', hidden);
  });
}

/** Width of each layer's MLP: one number for all, or a list. */
function mlpWidths(config: ConfigReader, layers: number): (index: number) => number {
  if (!Array.isArray(config.value('intermediate_size'))) {
    const width = config.size('intermediate_size');
    return () => width;
  }
  const list = config.integers('intermediate_size', { min: 1 }) ?? [];
  if (list.length !== layers)
    config.problem('intermediate_size', `a number, or a list of ${layers}, one per layer`);
  return (index) => list[index] ?? 1;
}

/**
 * The text model of Gemma 3n: per-layer embeddings, several streams of which one passes the layer, and last layers that
 * use the keys and values of earlier ones. Source: transformers models/gemma3n.
 */
export const gemma3n = decoderFamily({
  modelType: 'gemma3n_text',
  className: 'Gemma3n',
  bareName: 'Gemma3nTextModel',
  tasks: [],
  backbone(config, model) {
    const sizes = attentionSizes(config, { exact: true });
    const { hidden } = sizes;
    const layers = config.layers('num_hidden_layers');
    const vocab = config.size('vocab_size');
    const bias = config.flag('attention_bias');
    const window = config.size('sliding_window');
    const windows = layerWindows(config, layers, window, (index) => (index + 1) % 5 !== 0);
    const owners = sharedKvLayers(config, windows);
    const widths = mlpWidths(config, layers);
    const streams = config.size('altup_num_inputs', { max: 64 });
    const rank = config.size('laurel_rank');
    const inputs = config.size('hidden_size_per_layer_input');
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.optionalSize('max_position_embeddings'),
      activation: config.text('hidden_activation'),
    };
    model.embedding('embed_tokens', vocab, hidden);
    model.stack('layers', layers, hidden, (index) => {
      const reach = { bias, window: windows[index] ?? null };
      sharedKvAttention(model, sizes, owners[index] ?? null, reach);
      gatedMlp(model, 'mlp', hidden, widths(index));
      gemmaNorms(model, hidden);
      augmentedResidual(model, hidden, streams, rank);
      perLayerGate(model, hidden, inputs);
    });
    model.rmsNorm('norm', hidden);
    perLayerInputs(config, model, layers);
    for (let stream = 0; stream < streams - 1; stream++) {
      model.linear(`altup_projections.${stream}`, hidden, hidden, 'other');
      model.linear(`altup_unembed_projections.${stream}`, hidden, hidden, 'other');
    }
    gemmaSoftcaps(config, model);
    return { hidden, vocab };
  },
});
