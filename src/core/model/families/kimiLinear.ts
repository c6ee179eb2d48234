import type { ConfigReader } from '../configReader';
import { decoderFamily } from '../parts/decoderFamily';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { latentAttention, latentSizes } from '../parts/latentAttention';
import { hybridWords, layerKinds } from '../parts/layerKinds';
import { llamaFrame } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

interface DeltaSizes {
  readonly heads: number;
  readonly headDim: number;
  readonly kernel: number;
}

/** Kimi delta attention (arXiv 2510.26692): a gated delta net whose gate forgets channel by channel. */
function kimiDelta(model: ModelBuilder, hidden: number, sizes: DeltaSizes): void {
  const { heads, headDim, kernel } = sizes;
  const inner = heads * headDim;
  model.scope('self_attn', () => {
    model.linear('q_proj', hidden, inner, 'q');
    model.linear('k_proj', hidden, inner, 'k');
    model.linear('v_proj', hidden, inner, 'v');
    // Checkpoints hold one convolution each for q, k and v.
    const stored = ['q', 'k', 'v'].map((letter) => ({
      name: model.path(`${letter}_conv1d.weight`),
      shape: [inner, 1, kernel],
      count: null,
    }));
    model.tensor('conv1d.weight', [3 * inner, 1, kernel], 'recurrent', 'conv', { stored });
    const forget = (name: string, shape: readonly number[], module: 'parameter' | 'linear'): void =>
      model.tensor(`forget_gate.${name}`, shape, 'recurrent', module, {
        stored: [{ name: model.path(name), shape, count: null }],
      });
    forget('dt_bias', [inner], 'parameter');
    forget('A_log', [1, 1, heads, 1], 'parameter');
    forget('f_a_proj.weight', [headDim, hidden], 'linear');
    forget('f_b_proj.weight', [inner, headDim], 'linear');
    model.linear('b_proj', hidden, heads, 'recurrent');
    model.linear('g_a_proj', hidden, headDim, 'recurrent');
    model.linear('g_b_proj', headDim, inner, 'recurrent');
    model.rmsNorm('o_norm', headDim);
    model.linear('o_proj', inner, hidden, 'o');
  });
  model.layerRecurrent({
    kind: 'kda',
    convElements: 3 * inner * kernel,
    stateElements: inner * headDim,
    stateDtype: null,
  });
}

/** Which layers attend: those that `linear_attn_config` counts from 1, or `layer_types`, else every fourth after the first. */
function kinds(config: ConfigReader, layers: number): readonly ('attention' | 'recurrent')[] {
  const nested = config.section('linear_attn_config');
  const full = nested.integers('full_attn_layers', { min: 1, max: layers });
  return layerKinds(config, 'layer_types', layers, hybridWords, (index) => {
    const attends = full === null ? index > 0 && index % 4 === 0 : full.includes(index + 1);
    return attends ? 'attention' : 'recurrent';
  });
}

function deltaSizes(config: ConfigReader): DeltaSizes {
  const nested = config.section('linear_attn_config');
  const read = (key: string, usual: string): number =>
    nested.has(key) ? nested.size(key, { max: 65_536 }) : config.size(usual, { max: 65_536 });
  return {
    heads: read('num_heads', 'linear_num_heads'),
    headDim: read('head_dim', 'linear_head_dim'),
    kernel: read('short_conv_kernel_size', 'linear_conv_kernel_dim'),
  };
}

/** Kimi Linear: Kimi delta attention with latent attention between, and many experts. Source: transformers models/kimi_linear. */
export const kimiLinear = decoderFamily({
  modelType: 'kimi_linear',
  className: 'KimiLinear',
  tasks: [],
  neverTied: true,
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const layers = config.layers('num_hidden_layers');
    const attention = latentSizes(config);
    const sizes = {
      hidden,
      layers,
      vocab: config.size('vocab_size'),
      intermediate: config.size('intermediate_size'),
      heads: attention.heads,
      kvHeads: attention.heads,
      headDim: attention.nopeDim + attention.ropeDim,
    };
    const attends = kinds(config, layers);
    const delta = deltaSizes(config);
    const dense = config.has('first_k_dense_replace') ? config.integer('first_k_dense_replace') : 1;
    const mlps = layerKinds<'dense' | 'sparse'>(
      config,
      'mlp_layer_types',
      layers,
      { dense: 'dense', sparse: 'sparse' },
      (index) => (index < dense ? 'dense' : 'sparse'),
    );
    const experts = expertsOf(config, 'num_local_experts');
    const intermediate = config.size('moe_intermediate_size');
    const shared = intermediate * config.integer('n_shared_experts', { max: 65_536 });
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, (index) => {
      if (attends[index] === 'attention') latentAttention(model, attention, bias);
      else kimiDelta(model, hidden, delta);
      if (mlps[index] === 'dense') gatedMlp(model, 'mlp', hidden, sizes.intermediate);
      else {
        model.scope('mlp', () => {
          gatedExperts(model, 'experts', {
            hidden,
            intermediate,
            experts,
            storedModule: 'block_sparse_moe',
            storedNames: ['w1', 'w3', 'w2'],
          });
          model.router('gate', hidden, experts.count);
          model.tensor('gate.e_score_correction_bias', [experts.count], 'router', 'buffer');
          if (shared > 0) gatedMlp(model, 'shared_experts', hidden, shared);
        });
        layerExperts(model, { hidden, intermediate, experts, shared });
      }
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
