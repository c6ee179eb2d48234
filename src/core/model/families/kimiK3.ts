import type { ConfigReader } from '../configReader';
import type { Architecture } from '../family';
import { attentionSpec } from '../parts/attention';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { causalHead } from '../parts/heads';
import { latentAttention, latentSizes } from '../parts/latentAttention';
import { gatedMlp, plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { publishedCode } from '../parts/publishedCode';
import { pair } from '../parts/visionTransformer';

/** Kimi delta attention with an output gate of full rank; its decay has one parameter for each channel of a head. */
function deltaAttention(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  const sizes = config.section('linear_attn_config');
  const heads = sizes.heads('num_heads');
  const headDim = sizes.size('head_dim', { max: 65_536 });
  const kernel = sizes.size('short_conv_kernel_size', { max: 1024 });
  const inner = heads * headDim;
  model.scope('self_attn', () => {
    for (const letter of ['q', 'k', 'v'] as const) {
      model.linear(`${letter}_proj`, hidden, inner, letter);
      model.conv(`${letter}_conv1d`, [inner, 1, kernel], 'recurrent', false);
    }
    model.tensor('A_log', [headDim], 'recurrent', 'parameter', { dtype: 'f32' });
    model.tensor('dt_bias', [inner], 'recurrent', 'parameter', { dtype: 'f32' });
    model.linear('f_a_proj', hidden, headDim, 'recurrent');
    model.linear('f_b_proj', headDim, inner, 'recurrent');
    model.linear('b_proj', hidden, heads, 'recurrent');
    if (sizes.flag('use_full_rank_gate')) model.linear('g_proj', hidden, inner, 'recurrent');
    else {
      model.linear('g_a_proj', hidden, headDim, 'recurrent');
      model.linear('g_b_proj', headDim, inner, 'recurrent');
    }
    model.rmsNorm('o_norm', headDim);
    model.linear('o_proj', inner, hidden, 'o');
  });
  model.layerRecurrent({
    kind: 'kda',
    convElements: 3 * inner * kernel,
    stateElements: inner * headDim,
    stateDtype: 'f32',
  });
}

/** Experts that work on a narrower stream than the layer's own, and shared experts that do not. */
function latentExperts(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  const experts = expertsOf(config, 'num_experts', 'num_experts_per_token');
  const intermediate = config.size('moe_intermediate_size');
  const width = config.optionalSize('routed_expert_hidden_size') ?? hidden;
  const shared = intermediate * config.integer('num_shared_experts', { max: 65_536 });
  model.scope('block_sparse_moe', () => {
    // Published checkpoints quantise the experts alone, although nothing in the config leaves out these matrices.
    model.router('gate', hidden, experts.count);
    model.buffer('gate.e_score_correction_bias', [experts.count], 'f32');
    gatedExperts(model, 'experts', {
      hidden: width,
      intermediate,
      experts,
      storedNames: ['w1', 'w3', 'w2'],
    });
    if (config.optionalSize('routed_expert_hidden_size') !== null) {
      model.parameter('routed_expert_down_proj.weight', [width, hidden]);
      model.parameter('routed_expert_up_proj.weight', [hidden, width]);
      if (config.flag('latent_moe_use_norm')) model.rmsNorm('routed_expert_norm', width);
    }
    if (shared > 0) gatedMlp(model, 'shared_experts', hidden, shared);
  });
  layerExperts(model, { hidden, intermediate, experts, shared });
}

/** Weights of the attention over the outputs of earlier blocks of layers, which stands in for the plain residual. */
function depthAttention(model: ModelBuilder, name: string, hidden: number): void {
  model.rmsNorm(`${name}_norm`, hidden);
  model.linear(`${name}_proj`, hidden, 1, 'other');
}

function textModel(config: ConfigReader, model: ModelBuilder, hidden: number, vocab: number): void {
  const layers = config.layers('num_hidden_layers');
  const full =
    config.section('linear_attn_config').integers('full_attn_layers', { min: 1, max: layers }) ?? [];
  const attends = new Set(full);
  const dense = config.integer('first_k_dense_replace');
  const sizes = latentSizes(config);
  const gated = config.flag('mla_use_output_gate');
  const residuals = config.optionalSize('attn_res_block_size') !== null;
  model.embedding('embed_tokens', vocab, hidden);
  model.stack('layers', layers, hidden, (index) => {
    if (attends.has(index + 1)) {
      latentAttention(model, sizes, false);
      if (gated) model.linear('self_attn.g_proj', hidden, sizes.heads * sizes.valueDim, 'other');
    } else deltaAttention(config, model, hidden);
    if (index < dense) gatedMlp(model, 'mlp', hidden, config.size('intermediate_size'));
    else latentExperts(config, model, hidden);
    model.rmsNorm('input_layernorm', hidden);
    model.rmsNorm('post_attention_layernorm', hidden);
    if (residuals) for (const name of ['self_attention_res', 'mlp_res']) depthAttention(model, name, hidden);
  });
  if (residuals) depthAttention(model, 'output_attn_res', hidden);
  model.rmsNorm('norm', hidden);
}

/** MoonViT with its queries, keys and values wider than the stream. */
function visionTower(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('vt_hidden_size');
  const inner = config.optionalSize('qkv_hidden_size') ?? hidden;
  const heads = config.heads('vt_num_attention_heads');
  config.mustDivide('vt_num_attention_heads', heads, inner, 'qkv_hidden_size');
  const patch = config.size('patch_size');
  const bias = config.flag('attn_bias');
  const rms = config.text('norm_type') === 'rmsnorm';
  const norm = (name: string): void => (rms ? model.rmsNorm(name, hidden) : model.layerNorm(name, hidden));
  model.scope('patch_embed', () => {
    model.conv('proj', [hidden, 3, patch, patch], 'other', config.flag('patch_embed_proj_bias'));
    const sides = [config.size('init_pos_emb_height'), config.size('init_pos_emb_width')];
    model.parameter('pos_emb.weight', [...sides, hidden], 'position');
  });
  model.scope('encoder', () => {
    model.stack('blocks', config.layers('vt_num_hidden_layers'), hidden, () => {
      norm('norm0');
      norm('norm1');
      model.linear('wqkv', hidden, 3 * inner, 'qkv', bias);
      model.linear('wo', inner, hidden, 'o', bias);
      model.layerAttention(
        attentionSpec(
          { hidden, heads, kvHeads: heads, headDim: Math.floor(inner / heads) },
          { causal: false },
        ),
      );
      plainMlp(model, 'mlp', hidden, config.size('vt_intermediate_size'), {
        names: ['fc0', 'fc1'],
        bias: config.flag('linear_bias'),
      });
    });
    norm('final_layernorm');
  });
}

function build(config: ConfigReader, model: ModelBuilder): void {
  const text = config.section('text_config', 'kimi_linear');
  const vision = config.section('vision_config');
  const hidden = text.size('hidden_size');
  const vocab = text.size('vocab_size');
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: text.optionalSize('max_position_embeddings'),
    activation: text.text('hidden_act'),
  };
  model.scope('language_model', () => {
    model.scope('model', () => textModel(text, model, hidden, vocab));
    causalHead(model, { name: 'lm_head', hidden, vocab, bias: false, tiedTo: null });
  });
  model.component('vision', () => model.scope('vision_tower', () => visionTower(vision, model)));
  model.component('projector', () =>
    model.scope('mm_projector', () => {
      const [height, width] = pair(vision, 'merge_kernel_size');
      const merged =
        (vision.optionalSize('mm_hidden_size') ?? vision.size('vt_hidden_size')) * height * width;
      model.linear('proj.0', merged, merged, 'projector');
      model.linear('proj.2', merged, hidden, 'projector');
      model.rmsNorm('post_norm', hidden);
    }),
  );
}

const forConditionalGeneration: Architecture = {
  name: 'KimiK3ForConditionalGeneration',
  modelType: 'kimi_k3',
  task: 'generate',
  build,
};

/**
 * Kimi K3: Kimi delta attention with latent attention between, experts on a narrower stream, attention over depth, and a
 * vision tower. Names and shapes after the headers of its published checkpoint, as the loaders of public engines spell
 * them (github.com/ggml-org/llama.cpp/pull/26185, github.com/manjunathshiva/turboquant-mlx/pull/71).
 */
export const kimiK3 = publishedCode('modeling_kimi_k3.py', { architectures: [forConditionalGeneration] });
