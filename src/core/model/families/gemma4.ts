import { type ConfigReader, isRecord } from '../configReader';
import type { Family } from '../family';
import type { AttentionSizes } from '../parts/attention';
import { type Backbone, decoderFamily } from '../parts/decoderFamily';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { attentionSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { sharedKvAttention, sharedKvLayers } from '../parts/sharedKv';
import { layerWindows } from '../parts/windows';
import { gemmaNorms, gemmaSoftcaps } from './gemma2';
import { perLayerGate, perLayerInputs } from './gemma3n';
import { gemma4Audio, gemma4Vision } from './gemma4Towers';

/** What full layers have instead of the usual head width and KV heads: from a saved `per_layer_config`, else from the older keys. */
function layerSizes(
  config: ConfigReader,
  usual: AttentionSizes,
): (index: number, full: boolean) => AttentionSizes {
  const saved = config.value('per_layer_config');
  if (isRecord(saved))
    return (index) => {
      const own = saved[String(index)];
      if (own === undefined) return usual;
      const read = (key: string, otherwise: number): number => {
        const value = isRecord(own) ? own[key] : null;
        if (value === undefined) return otherwise;
        if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_536)
          return value;
        config.problem('per_layer_config', `a positive ${key} for layer ${index}`);
        return otherwise;
      };
      return {
        ...usual,
        headDim: read('head_dim', usual.headDim),
        kvHeads: read('num_key_value_heads', usual.kvHeads),
      };
    };
  const headDim = config.has('global_head_dim') ? config.size('global_head_dim') : 512;
  const own = config.flag('attention_k_eq_v') ? config.optionalHeads('num_global_key_value_heads') : null;
  const global = { ...usual, headDim, kvHeads: own ?? usual.kvHeads };
  config.mustDivide('num_global_key_value_heads', global.kvHeads, usual.heads, 'num_attention_heads');
  return (_, full) => (full ? global : usual);
}

/** Experts beside the dense MLP of every layer, with a scaled router and norms of their own. */
function experts(config: ConfigReader, model: ModelBuilder, hidden: number, dense: number): () => void {
  const count = expertsOf(config, 'num_experts', 'top_k_experts');
  const intermediate = config.size('moe_intermediate_size');
  return () => {
    model.linear('router.proj', hidden, count.count, 'router');
    model.parameter('router.scale', [hidden], 'router');
    model.parameter('router.per_expert_scale', [count.count], 'router');
    gatedExperts(model, 'experts', { hidden, intermediate, experts: count });
    model.rmsNorm('post_feedforward_layernorm_1', hidden);
    model.rmsNorm('post_feedforward_layernorm_2', hidden);
    model.rmsNorm('pre_feedforward_layernorm_2', hidden);
    layerExperts(model, { hidden, intermediate, experts: count, shared: dense });
  };
}

/** The text model of Gemma 4: wider heads in the full layers, last layers that use the keys and values of earlier ones. */
function textModel(config: ConfigReader, model: ModelBuilder): Backbone {
  const usual = attentionSizes(config);
  const { hidden } = usual;
  const layers = config.layers('num_hidden_layers');
  const vocab = config.size('vocab_size');
  const bias = config.flag('attention_bias');
  const bothWays = config.text('use_bidirectional_attention') === 'all';
  const stated = config.size('sliding_window');
  const window = bothWays ? Math.floor(stated / 2) + 1 : stated;
  // The library makes the last layer full whatever the list says.
  const windows = layerWindows(config, layers, window, (index) => (index + 1) % 6 !== 0).map((one, index) =>
    index === layers - 1 ? null : one,
  );
  const owners = sharedKvLayers(config, windows);
  const sizesOf = layerSizes(config, usual);
  const valueFromKey = config.flag('attention_k_eq_v');
  const width = config.size('intermediate_size');
  const wide = config.flag('use_double_wide_mlp');
  const inputs = config.integer('hidden_size_per_layer_input');
  const sparse = config.flag('enable_moe_block') ? experts(config, model, hidden, width) : () => undefined;
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: config.optionalSize('max_position_embeddings'),
    activation: config.text('hidden_activation'),
  };
  model.embedding('embed_tokens', vocab, hidden);
  model.stack('layers', layers, hidden, (index) => {
    const reach = windows[index] ?? null;
    const owner = owners[index] ?? null;
    model.tensor('layer_scalar', [1], 'other', 'buffer');
    sharedKvAttention(model, sizesOf(index, reach === null), owner, {
      bias,
      window: reach,
      causal: !bothWays,
      valueFromKey: valueFromKey && reach === null,
    });
    gatedMlp(model, 'mlp', hidden, wide && owner !== null ? 2 * width : width);
    gemmaNorms(model, hidden);
    if (inputs > 0) perLayerGate(model, hidden, inputs);
    sparse();
  });
  model.rmsNorm('norm', hidden);
  if (inputs > 0) perLayerInputs(config, model, layers);
  gemmaSoftcaps(config, model);
  return { hidden, vocab };
}

const text = decoderFamily({
  modelType: 'gemma4_text',
  className: 'Gemma4',
  bareName: 'Gemma4TextModel',
  tasks: [],
  backbone: textModel,
});

/** A tower that the config asks for, and the projection of what it gives to the text's width. */
function tower(
  config: ConfigReader,
  model: ModelBuilder,
  kind: 'vision' | 'audio',
  hidden: number,
  body: (config: ConfigReader, model: ModelBuilder) => number,
): void {
  const key = `${kind}_config`;
  const value = config.value(key);
  if (value === null || value === undefined) return;
  const section = config.section(key, `gemma4_${kind}`);
  const width = model.component(kind, () => model.scope(`${kind}_tower`, () => body(section, model)));
  model.component('projector', () =>
    model.linear(`embed_${kind}.embedding_projection`, width, hidden, 'projector'),
  );
}

/** Gemma 4 with the towers that its config has. */
const multimodal = decoderFamily({
  modelType: 'gemma4',
  className: 'Gemma4',
  causalName: 'Gemma4ForConditionalGeneration',
  tasks: [],
  backbone(config, model) {
    const section = config.section('text_config', 'gemma4_text');
    const hidden = section.size('hidden_size');
    tower(config, model, 'vision', hidden, gemma4Vision);
    tower(config, model, 'audio', hidden, gemma4Audio);
    const backbone = model.scope('language_model', () => textModel(section, model));
    return { ...backbone, embedding: 'language_model.embed_tokens' };
  },
});

/** Gemma 4: text, and with vision and audio. Source: transformers models/gemma4. */
export const gemma4: Family = { architectures: [...text.architectures, ...multimodal.architectures] };
