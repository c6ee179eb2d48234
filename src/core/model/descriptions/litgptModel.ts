import { buildBlueprint } from '../buildBlueprint';
import type { ConfigProblem } from '../blueprint';
import { ConfigReader, isRecord, MOST_LAYERS } from '../configReader';
import type { Architecture } from '../family';
import { attentionSpec, type AttentionSizes } from '../parts/attention';
import type { ModelBuilder } from '../parts/modelBuilder';
import { TYPE_NOT_SAID, type Description, type Fields } from './description';

/** What litgpt's Config has for fields that a file leaves out (litgpt 0.5.13, config.py). */
const defaults: Fields = {
  block_size: 4096,
  n_layer: 16,
  n_embd: 4096,
  vocab_size: 50254,
  padding_multiple: 512,
  padded_vocab_size: null,
  norm_class_name: 'LayerNorm',
  norm_qk: false,
  norm_qk_type: 'default',
  post_attention_norm: false,
  post_mlp_norm: false,
  shared_attention_norm: false,
  n_head: 32,
  head_size: null,
  n_query_groups: null,
  attn_bias: false,
  sliding_window_size: null,
  sliding_window_indices: null,
  intermediate_size: null,
  moe_intermediate_size: null,
  bias: true,
  mlp_class_name: 'GptNeoxMLP',
  n_expert: 0,
  n_shared_expert: null,
  n_expert_groups: null,
  n_expert_per_token: 0,
  first_k_dense_replace: null,
  lm_head_bias: false,
  norm_1: true,
  norm_2: true,
  latent_attention: null,
};

/** Classes of `mlp_class_name` (litgpt/model.py). */
const mlpClasses: readonly string[] = ['GptNeoxMLP', 'LLaMAMLP', 'GemmaMLP', 'LLaMAMoE'];

export function sniffLitgptModel(text: string, path: string): boolean {
  return /\.ya?ml$/iu.test(path) && /^n_embd\s*:/mu.test(text) && /^n_layer\s*:/mu.test(text);
}

/**
 * `model_config.yaml` of a litgpt checkpoint: the fields of litgpt's Config, the tensors of its GPT class. The file does
 * not say in which type the checkpoint is stored.
 */
export const litgptModel: Description = {
  kind: 'litgpt-model',
  title: 'litgpt model',
  fileName: 'model_config.yaml',
  syntax: 'yaml',
  sniff: sniffLitgptModel,
  recognises: (fields) =>
    Object.hasOwn(fields, 'n_embd') &&
    Object.hasOwn(fields, 'n_layer') &&
    !Object.hasOwn(fields, 'model_type') &&
    !Object.hasOwn(fields, 'architectures') &&
    ['padded_vocab_size', 'block_size', 'mlp_class_name', 'n_query_groups', 'norm_class_name'].some((key) =>
      Object.hasOwn(fields, key),
    ),
  read(fields) {
    const problems: ConfigProblem[] = [];
    const reader = new ConfigReader({ ...defaults, ...fields }, '', problems);
    return buildBlueprint(
      {
        architecture: gpt,
        name: 'GPT',
        origin: 'exact',
        assumptions: [`model_config.yaml ${TYPE_NOT_SAID}`],
      },
      reader,
      problems,
      () => ({ dtype: 'bf16', dtypeOrigin: 'assumed', quantization: null }),
    );
  },
  anchorKeys: ['name', 'n_layer'],
  contextKeys: ['block_size'],
};

const gpt: Architecture = {
  name: 'GPT',
  modelType: 'litgpt',
  task: 'generate',
  library: 'litgpt 0.5.13',
  build: buildGpt,
};

interface Norms {
  readonly add: (model: ModelBuilder, name: string, width: number) => void;
}

function buildGpt(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('n_embd');
  const vocab = vocabOf(config);
  const layers = config.layers('n_layer');
  const norms = normsOf(config);
  const windows = windowsOf(config, layers);
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: config.size('block_size'),
    activation: config.text('mlp_class_name') === 'LLaMAMLP' ? 'silu' : 'gelu',
    logitSoftcap: typeof config.value('final_logit_softcapping') === 'number',
    attentionSoftcap: typeof config.value('attention_logit_softcapping') === 'number',
  };
  model.linear('lm_head', hidden, vocab, 'head', config.flag('lm_head_bias'));
  model.scope('transformer', () => {
    model.embedding('wte', vocab, hidden);
    model.stack('h', layers, hidden, (index) => {
      if (config.flag('norm_1')) norms.add(model, 'norm_1', hidden);
      attention(config, model, hidden, norms, windows[index] ?? null);
      if (config.flag('post_attention_norm')) norms.add(model, 'post_attention_norm', hidden);
      if (config.flag('norm_2') && !config.flag('shared_attention_norm')) norms.add(model, 'norm_2', hidden);
      mlp(config, model, hidden, index);
      if (config.flag('post_mlp_norm')) norms.add(model, 'post_mlp_norm', hidden);
    });
    norms.add(model, 'ln_f', hidden);
  });
}

/** `padded_vocab_size`, else the vocabulary rounded up to `padding_multiple` (Config.__post_init__). */
function vocabOf(config: ConfigReader): number {
  const padded = config.optionalSize('padded_vocab_size');
  if (padded !== null) return padded;
  const multiple = config.size('padding_multiple');
  return Math.ceil(config.size('vocab_size') / multiple) * multiple;
}

/** `norm_class`: OLMo's LayerNorm has no parameters. */
function normsOf(config: ConfigReader): Norms {
  const name = config.text('norm_class_name');
  if (name === 'RMSNorm') return { add: (model, module, width) => model.rmsNorm(module, width) };
  if (name !== 'LayerNorm') config.problem('norm_class_name', 'LayerNorm or RMSNorm');
  return config.text('name')?.includes('OLMo') === true
    ? { add: () => undefined }
    : { add: (model, module, width) => model.layerNorm(module, width) };
}

/** Window of each layer: `sliding_window_indices` has 1 where there is one, all layers when it is absent. */
function windowsOf(config: ConfigReader, layers: number): readonly (number | null)[] {
  const window = config.optionalSize('sliding_window_size');
  const indices = config.integers('sliding_window_indices', { max: 1 });
  if (indices !== null && indices.length < layers)
    config.problem('sliding_window_indices', `a list of ${layers} numbers, one per layer`);
  return Array.from({ length: layers }, (_, layer) => ((indices?.[layer] ?? 1) === 1 ? window : null));
}

function attention(
  config: ConfigReader,
  model: ModelBuilder,
  hidden: number,
  norms: Norms,
  window: number | null,
): void {
  const latent = config.value('latent_attention');
  if (latent !== null && latent !== undefined && !isRecord(latent))
    config.problem('latent_attention', 'an object');
  model.scope('attn', () => {
    if (isRecord(latent)) latentAttention(config, model, hidden);
    else plainAttention(config, model, hidden, norms, window);
  });
}

function plainAttention(
  config: ConfigReader,
  model: ModelBuilder,
  hidden: number,
  norms: Norms,
  window: number | null,
): void {
  const heads = config.heads('n_head');
  const kvHeads = config.optionalHeads('n_query_groups') ?? heads;
  config.mustDivide('n_query_groups', kvHeads, heads, 'n_head');
  const headDim = config.optionalSize('head_size') ?? config.quotient('n_embd', 'n_head');
  const sizes: AttentionSizes = { hidden, heads, kvHeads, headDim };
  const bias = config.flag('bias');
  model.linear('qkv', hidden, (heads + 2 * kvHeads) * headDim, 'qkv', bias || config.flag('attn_bias'));
  model.linear('proj', heads * headDim, hidden, 'o', bias);
  if (config.flag('norm_qk')) {
    const whole = config.text('norm_qk_type') === 'olmo2';
    norms.add(model, 'norm_q', whole ? heads * headDim : headDim);
    norms.add(model, 'norm_k', whole ? kvHeads * headDim : headDim);
  }
  model.layerAttention(attentionSpec(sizes, { window }));
}

/** MultiheadLatentAttention: DeepSeek's, under litgpt's names. */
function latentAttention(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  const section = config.section('latent_attention');
  const heads = config.heads('n_head');
  const queryRank = section.size('q_lora_rank');
  const rank = section.size('kv_lora_rank');
  const ropeDim = section.size('qk_rope_head_dim');
  const keyDim = ropeDim + section.size('qk_nope_head_dim');
  const valueDim = section.size('v_head_dim');
  const bias = config.flag('bias');
  const attentionBias = config.flag('attn_bias');
  model.linear('q_a_proj', hidden, queryRank, 'q', attentionBias);
  model.rmsNorm('q_a_norm', queryRank);
  model.linear('q_b_proj', queryRank, heads * keyDim, 'q', bias);
  model.linear('kv_a_proj_with_mqa', hidden, rank + ropeDim, 'k', attentionBias);
  model.rmsNorm('kv_a_norm', rank);
  model.linear('kv_b_proj', rank, heads * (keyDim - ropeDim + valueDim), 'v', bias);
  model.linear('proj', heads * valueDim, hidden, 'o', bias);
  model.layerAttention({
    ...attentionSpec({ hidden, heads, kvHeads: heads, headDim: keyDim }),
    valueDim,
    latent: { rank, ropeDim },
  });
}

function mlp(config: ConfigReader, model: ModelBuilder, hidden: number, layer: number): void {
  const name = config.text('mlp_class_name') ?? '';
  if (!mlpClasses.includes(name)) config.problem('mlp_class_name', `one of ${mlpClasses.join(', ')}`);
  const given = config.optionalSize('intermediate_size');
  if (given === null && name === 'LLaMAMLP') config.problem('intermediate_size', 'a positive integer');
  const intermediate = given ?? 4 * hidden;
  const bias = config.flag('bias');
  const dense = config.optionalSize('first_k_dense_replace', { min: 0, max: MOST_LAYERS }) ?? 0;
  model.scope('mlp', () => {
    if (name === 'LLaMAMoE' && layer >= dense) {
      experts(config, model, hidden, intermediate, bias);
    } else if (name === 'GptNeoxMLP') {
      model.linear('fc', hidden, intermediate, 'up', bias);
      model.linear('proj', intermediate, hidden, 'down', bias);
      model.layerMlp({ kind: 'plain', intermediate, moe: null });
    } else {
      gated(model, hidden, intermediate, bias);
      model.layerMlp({ kind: 'gated', intermediate, moe: null });
    }
  });
}

function gated(model: ModelBuilder, hidden: number, intermediate: number, bias: boolean): void {
  model.linear('fc_1', hidden, intermediate, 'gate', bias);
  model.linear('fc_2', hidden, intermediate, 'up', bias);
  model.linear('proj', intermediate, hidden, 'down', bias);
}

/** LLaMAMoE: a module for each expert, and one for the shared ones together. */
function experts(
  config: ConfigReader,
  model: ModelBuilder,
  hidden: number,
  intermediate: number,
  bias: boolean,
): void {
  const count = config.heads('n_expert');
  const active = config.heads('n_expert_per_token');
  if (active > count) config.problem('n_expert_per_token', `at most n_expert ${count}`);
  const width = config.optionalSize('moe_intermediate_size') ?? intermediate;
  const shared = config.optionalSize('n_shared_expert', { min: 0, max: 65_536 }) ?? 0;
  model.tensor('gate.weight', [count, hidden], 'router', 'linear');
  // GroupedTopkRouter, whose correction is a saved buffer.
  if ((config.optionalSize('n_expert_groups', { min: 0 }) ?? 0) > 0)
    model.buffer('gate.e_score_correction_bias', [count], 'f32');
  for (let expert = 0; expert < count; expert++)
    model.scope(`experts.${expert}`, () => {
      const of = { experts: { count, active } };
      for (const [part, inputs, outputs, role] of [
        ['fc_1', hidden, width, 'gate'],
        ['fc_2', hidden, width, 'up'],
        ['proj', width, hidden, 'down'],
      ] as const) {
        model.tensor(`${part}.weight`, [outputs, inputs], role, 'linear', of);
        if (bias) model.tensor(`${part}.bias`, [outputs], role, 'linear', of);
      }
    });
  if (shared > 0) model.scope('shared_experts', () => gated(model, hidden, width * shared, bias));
  model.layerMlp({
    kind: 'gated',
    intermediate: 0,
    moe: { experts: count, active, intermediate: width, shared: width * shared },
  });
}
