import type { BlueprintOutcome, ConfigProblem } from '../blueprint';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { problemSentence, refused } from '../buildBlueprint';
import { ConfigReader, isRecord, MOST_LAYERS, shown } from '../configReader';
import { TYPE_NOT_SAID, type Description, type Fields } from './description';
import { withOriginalNames } from './originalNames';

export function sniffMistralParams(text: string, path: string): boolean {
  return (
    /\.json$/iu.test(path) &&
    /"dim"\s*:/u.test(text) &&
    /"hidden_dim"\s*:/u.test(text) &&
    /"n_layers"\s*:/u.test(text)
  );
}

/** `params.json` of Mistral's own checkpoints: Mistral, Mixtral, Pixtral. Source: mistral_inference 1.6.0, args.py. */
export const mistralParams: Description = {
  kind: 'mistral-params',
  title: 'Mistral params.json',
  fileName: 'params.json',
  syntax: 'json',
  sniff: sniffMistralParams,
  recognises: (fields) =>
    ['dim', 'n_layers', 'hidden_dim', 'n_heads', 'norm_eps'].every((key) => Object.hasOwn(fields, key)) &&
    !Object.hasOwn(fields, 'architectures') &&
    [undefined, 'transformer'].includes(fields['model_type'] as string | undefined),
  read: readMistralParams,
  anchorKeys: ['dim'],
  contextKeys: ['max_seq_len', 'max_position_embeddings'],
};

/** Keys of later releases whose meaning is not in the published reference code. */
const unknownKeys: readonly (readonly [key: string, what: string])[] = [
  ['q_lora_rank', 'multi-head latent attention'],
  ['kv_lora_rank', 'multi-head latent attention'],
  ['multimodal', 'an audio encoder'],
  ['block_types', 'layers of several kinds'],
];

function readMistralParams(fields: Fields): BlueprintOutcome {
  for (const [key, what] of unknownKeys)
    if (fields[key] !== undefined && fields[key] !== null)
      return refused(`${key} means ${what}, which is not read from params.json: the model's config.json is`);
  const problems: ConfigProblem[] = [];
  const params = new ConfigReader(fields, '', problems);
  const text = textConfig(params, problems);
  const vision = fields['vision_encoder'];
  if (vision !== undefined && vision !== null && !isRecord(vision))
    params.problem('vision_encoder', 'an object');
  const config = isRecord(vision) ? withVision(text, params.section('vision_encoder')) : text;
  if (problems.length > 0) return refused(problemSentence(problems), problems);
  const outcome = blueprintFromConfig(config);
  if (!outcome.ok) return outcome;
  const blueprint = withOriginalNames(outcome.blueprint);
  return {
    ok: true,
    blueprint: {
      ...blueprint,
      dtypeOrigin: 'assumed',
      assumptions: [...blueprint.assumptions, `params.json ${TYPE_NOT_SAID}`],
    },
  };
}

/** The language model as a config of transformers: Mistral, Ministral with windows in some layers, or Mixtral. */
function textConfig(params: ConfigReader, problems: ConfigProblem[]): Fields {
  const heads = params.heads('n_heads');
  const kvHeads = params.value('n_kv_heads') === undefined ? heads : params.heads('n_kv_heads');
  params.mustDivide('n_kv_heads', kvHeads, heads, 'n_heads');
  const layers = params.layers('n_layers');
  const common = {
    hidden_size: params.size('dim'),
    intermediate_size: params.size('hidden_dim'),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: params.optionalSize('head_dim') ?? params.quotient('dim', 'n_heads'),
    vocab_size: params.size('vocab_size'),
    max_position_embeddings:
      params.optionalSize('max_seq_len') ?? params.optionalSize('max_position_embeddings'),
    tie_word_embeddings: params.flag('tied_embeddings'),
    torch_dtype: 'bfloat16',
  };
  const windows = windowsOf(params, layers);
  const moe = params.value('moe');
  if (moe !== undefined && moe !== null)
    return {
      ...named('MixtralForCausalLM', 'mixtral'),
      ...common,
      ...windows,
      ...experts(params, moe, problems),
    };
  return windows['layer_types'] === undefined
    ? { ...named('MistralForCausalLM', 'mistral'), ...common, ...windows }
    : { ...named('MinistralForCausalLM', 'ministral'), ...common, ...windows };
}

function named(architecture: string, modelType: string): Fields {
  return { architectures: [architecture], model_type: modelType };
}

function experts(params: ConfigReader, moe: unknown, problems: ConfigProblem[]): Fields {
  if (!isRecord(moe)) {
    params.problem('moe', 'an object');
    return {};
  }
  const unread = Object.keys(moe).find((key) => key !== 'num_experts' && key !== 'num_experts_per_tok');
  // Later releases add experts that are always on, and dense layers: not in the reference code.
  if (unread !== undefined && moe[unread] !== null && moe[unread] !== 0 && moe[unread] !== 1)
    problems.push({
      key: `moe.${unread}`,
      value: shown(moe[unread]),
      expected: 'num_experts and num_experts_per_tok alone',
    });
  const section = params.section('moe');
  const count = section.heads('num_experts');
  const active = section.heads('num_experts_per_tok');
  if (active > count) section.problem('num_experts_per_tok', `at most num_experts ${count}`);
  return { num_local_experts: count, num_experts_per_tok: active };
}

/** `sliding_window`: one for all layers, or a pattern of windows and nulls that is repeated (mistral_inference/cache.py). */
function windowsOf(params: ConfigReader, layers: number): Fields {
  const key = params.value('sliding_window') === undefined ? '_sliding_window' : 'sliding_window';
  const value = params.value(key);
  if (value === undefined || value === null) return { sliding_window: null };
  if (!Array.isArray(value)) return { sliding_window: params.size(key) };
  const isWindow = (item: unknown): item is number | null =>
    item === null || (typeof item === 'number' && Number.isSafeInteger(item) && item > 0);
  const pattern: readonly unknown[] = value;
  const sizes = new Set(pattern.filter((item) => item !== null));
  if (
    pattern.length === 0 ||
    pattern.length > MOST_LAYERS ||
    layers % pattern.length !== 0 ||
    !pattern.every(isWindow) ||
    sizes.size > 1
  ) {
    params.problem(
      key,
      `one window, or a pattern of one window and nulls whose length divides n_layers ${layers}`,
    );
    return {};
  }
  const [window = null] = sizes;
  return {
    sliding_window: window,
    layer_types: Array.from({ length: layers }, (_, layer) =>
      pattern[layer % pattern.length] === null ? 'full_attention' : 'sliding_attention',
    ),
  };
}

/** With Pixtral's tower: merged patches and a norm before the projector are Mistral 3's class, else LLaVA's. */
function withVision(text: Fields, vision: ConfigReader): Fields {
  const merges = vision.text('mm_projector_id') === 'patch_merge';
  const normed = vision.flag('add_pre_mm_projector_layer_norm');
  if (merges !== normed)
    vision.problem(
      'mm_projector_id',
      'patch_merge together with add_pre_mm_projector_layer_norm, or neither',
    );
  return {
    ...(merges
      ? named('Mistral3ForConditionalGeneration', 'mistral3')
      : named('LlavaForConditionalGeneration', 'llava')),
    text_config: text,
    vision_config: {
      model_type: 'pixtral',
      hidden_size: vision.size('hidden_size'),
      num_channels: vision.value('num_channels') === undefined ? 3 : vision.size('num_channels'),
      patch_size: vision.size('patch_size'),
      image_size: vision.size('image_size'),
      intermediate_size: vision.size('intermediate_size'),
      num_hidden_layers: vision.layers('num_hidden_layers'),
      num_attention_heads: vision.heads('num_attention_heads'),
    },
    ...(merges ? { spatial_merge_size: vision.size('spatial_merge_size', { max: 1024 }) } : {}),
    multimodal_projector_bias:
      vision.value('adapter_bias') === undefined ? true : vision.flag('adapter_bias'),
    vision_feature_layer: -1,
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
  };
}
