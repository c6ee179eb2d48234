import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import {
  type Backbone,
  decoderFamily,
  sequenceClassification,
  type TaskClass,
  tokenClassification,
} from '../parts/decoderFamily';
import { expertsOf } from '../parts/experts';
import { gatedDelta, gatedDeltaSizes, stateDtype } from '../parts/gatedDelta';
import { attentionSizes, llamaFrame } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { gatedAttention, gatedSharedExperts, qwenHybridKinds } from './qwen3Next';
import { qwen35Vision } from './qwen35Vision';

/** What the dense classes and those with experts differ in. */
interface Variant {
  /** What class names start with. */
  readonly name: string;
  readonly modelType: string;
  readonly textType: string;
  readonly visionType: string;
  /** Adds the MLP of one layer. */
  readonly mlp: (config: ConfigReader, model: ModelBuilder) => () => void;
}

const dense: Variant = {
  name: 'Qwen3_5',
  modelType: 'qwen3_5',
  textType: 'qwen3_5_text',
  visionType: 'qwen3_5_vision',
  mlp(config, model) {
    const hidden = config.size('hidden_size');
    const intermediate = config.size('intermediate_size');
    return () => gatedMlp(model, 'mlp', hidden, intermediate);
  },
};

const sparse: Variant = {
  name: 'Qwen3_5Moe',
  modelType: 'qwen3_5_moe',
  textType: 'qwen3_5_moe_text',
  visionType: 'qwen3_5_moe_vision',
  mlp(config, model) {
    const options = {
      hidden: config.size('hidden_size'),
      intermediate: config.size('moe_intermediate_size'),
      shared: config.size('shared_expert_intermediate_size'),
      experts: expertsOf(config, 'num_experts'),
    };
    return () => gatedSharedExperts(model, options);
  },
};

function textModel(variant: Variant, config: ConfigReader, model: ModelBuilder): Backbone {
  const attention = attentionSizes(config);
  const sizes = {
    ...attention,
    vocab: config.size('vocab_size'),
    layers: config.layers('num_hidden_layers'),
    intermediate: 0,
  };
  const delta = gatedDeltaSizes(config);
  const kinds = qwenHybridKinds(config, sizes.layers);
  const bias = config.flag('attention_bias');
  const state = stateDtype(config, 'mamba_ssm_dtype');
  const mlp = variant.mlp(config, model);
  return llamaFrame(config, model, sizes, (index) => {
    if (kinds[index] === 'attention') gatedAttention(model, sizes, bias);
    else gatedDelta(model, 'linear_attn', delta, { fused: false, stateDtype: state });
    mlp();
    model.rmsNorm('input_layernorm', sizes.hidden);
    model.rmsNorm('post_attention_layernorm', sizes.hidden);
  });
}

/**
 * Layers that predict further tokens, at the top level of a checkpoint: attention layers after a projection of embedding
 * and last hidden state. Source: vLLM's qwen3_5_mtp.py.
 */
function predictionLayers(variant: Variant, config: ConfigReader, model: ModelBuilder): void {
  if (!config.has('mtp_num_hidden_layers')) return;
  const layers = config.integer('mtp_num_hidden_layers', { max: 64 });
  if (layers === 0) return;
  const sizes = attentionSizes(config);
  const { hidden } = sizes;
  const mlp = variant.mlp(config, model);
  model.notLoaded(() =>
    model.scope('mtp', () => {
      model.linear('fc', 2 * hidden, hidden, 'other');
      model.stack('layers', layers, hidden, () => {
        gatedAttention(model, sizes, config.flag('attention_bias'));
        mlp();
        model.rmsNorm('input_layernorm', hidden);
        model.rmsNorm('post_attention_layernorm', hidden);
      });
      model.rmsNorm('norm', hidden);
      model.rmsNorm('pre_fc_norm_embedding', hidden);
      model.rmsNorm('pre_fc_norm_hidden', hidden);
    }),
  );
}

function multimodal(variant: Variant, config: ConfigReader, model: ModelBuilder): Backbone {
  model.component('vision', () =>
    model.scope('visual', () => qwen35Vision(config.section('vision_config', variant.visionType), model)),
  );
  const text = config.section('text_config', variant.textType);
  const backbone = model.scope('language_model', () => textModel(variant, text, model));
  return { ...backbone, embedding: 'language_model.embed_tokens' };
}

function withVision(variant: Variant, tasks: readonly TaskClass[]): readonly Architecture[] {
  const family = decoderFamily({
    modelType: variant.modelType,
    className: variant.name,
    causalName: `${variant.name}ForConditionalGeneration`,
    tasks,
    backbone: (config, model) => multimodal(variant, config, model),
  });
  return family.architectures.map((architecture) => ({
    ...architecture,
    build(config, model) {
      architecture.build(config, model);
      predictionLayers(variant, config.section('text_config', variant.textType), model);
    },
  }));
}

function textOnly(variant: Variant, tasks: readonly TaskClass[]): readonly Architecture[] {
  const family = decoderFamily({
    modelType: variant.textType,
    className: variant.name,
    bareName: `${variant.name}TextModel`,
    tasks,
    backbone: (config, model) => textModel(variant, config, model),
  });
  return family.architectures.map((architecture) => ({
    ...architecture,
    build(config, model) {
      architecture.build(config, model);
      predictionLayers(variant, config, model);
    },
  }));
}

/** Qwen 3.5, dense, with and without vision. Source: transformers models/qwen3_5. */
export const qwen35: Family = {
  architectures: [
    ...textOnly(dense, [{ ...sequenceClassification, suffix: 'TextForSequenceClassification' }]),
    ...withVision(dense, [sequenceClassification, tokenClassification]),
  ],
};

/** Qwen 3.5 with experts, with and without vision. Source: transformers models/qwen3_5_moe. */
export const qwen35Moe: Family = {
  architectures: [...textOnly(sparse, []), ...withVision(sparse, [])],
};
