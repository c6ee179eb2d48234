import type { ConfigReader } from '../configReader';
import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { expertsOf, layerExperts } from '../parts/experts';
import { stateDtype } from '../parts/gatedDelta';
import { layerKinds } from '../parts/layerKinds';
import { attentionSizes } from '../parts/llamaShape';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { mamba2 } from '../parts/stateSpace';

type Kind = 'mamba' | 'attention' | 'mlp' | 'moe';

const words: Readonly<Record<string, Kind>> = {
  linear_attention: 'mamba',
  mamba: 'mamba',
  full_attention: 'attention',
  attention: 'attention',
  mlp: 'mlp',
  moe: 'moe',
};
const letters: Readonly<Record<string, Kind>> = { M: 'mamba', '*': 'attention', '-': 'mlp', E: 'moe' };

/** One mixer a layer: from `layers_block_type`, else from the letters of `hybrid_override_pattern`. */
function mixers(config: ConfigReader): readonly Kind[] {
  const listed = config.value('layers_block_type');
  if (Array.isArray(listed))
    return layerKinds(config, 'layers_block_type', listed.length, words, () => 'mlp');
  const pattern = config.text('hybrid_override_pattern');
  if (pattern === null) return ['mamba', 'moe', 'attention', 'mlp'];
  return Array.from(pattern, (letter) => {
    const kind = Object.hasOwn(letters, letter) ? letters[letter] : undefined;
    if (kind === undefined) config.problem('hybrid_override_pattern', 'letters of M, E, * and -');
    return kind ?? 'mlp';
  });
}

/** Experts of two matrices, on a narrower stream where `moe_latent_size` says so, and a shared one. */
function experts(config: ConfigReader, model: ModelBuilder, hidden: number): () => void {
  const count = expertsOf(config, 'n_routed_experts');
  const intermediate = config.size('moe_intermediate_size');
  const shared = config.size('moe_shared_expert_intermediate_size');
  const latent = config.optionalSize('moe_latent_size');
  const bias = config.flag('mlp_bias');
  const width = latent ?? hidden;
  const parts = [
    ['up_proj', 'up', [intermediate, width]],
    ['down_proj', 'down', [width, intermediate]],
  ] as const;
  return () => {
    for (const [name, role, shape] of parts)
      model.tensor(`experts.${name}`, [count.count, ...shape], role, 'experts', {
        experts: count,
        stored: [{ name: model.path(`experts.{}.${name}.weight`), shape, count: count.count }],
      });
    model.router('gate', hidden, count.count);
    model.tensor('gate.e_score_correction_bias', [count.count], 'router', 'buffer');
    plainMlp(model, 'shared_experts', hidden, shared, { names: ['up_proj', 'down_proj'], bias });
    if (latent !== null) {
      model.linear('fc1_latent_proj', hidden, latent, 'other', bias);
      model.linear('fc2_latent_proj', latent, hidden, 'other', bias);
    }
    layerExperts(model, { hidden, intermediate, experts: count, shared, plain: true });
  };
}

/** Nemotron-H and Nemotron 3: each layer is a Mamba 2 mixer, an attention, an MLP or experts. Source: transformers models/nemotron_h. */
export const nemotronH = decoderFamily({
  modelType: 'nemotron_h',
  className: 'NemotronH',
  tasks: [],
  neverTied: true,
  backbone(config, model) {
    const attention = attentionSizes(config);
    const { hidden } = attention;
    const vocab = config.size('vocab_size');
    // Older configs name some fields of the mixer otherwise.
    const key = (usual: string, older: string): string => (config.has(older) ? older : usual);
    const sizes = {
      hidden,
      heads: config.heads('mamba_num_heads'),
      headDim: config.size('mamba_head_dim'),
      groups: config.heads(key('n_groups', 'mamba_n_groups')),
      state: config.size('ssm_state_size'),
      kernel: config.size(key('conv_kernel', 'mamba_d_conv')),
    };
    const options = {
      convBias: config.flag(key('use_conv_bias', 'mamba_conv_bias')),
      bias: config.flag('use_bias'),
      stateDtype: stateDtype(config, 'mamba_ssm_cache_dtype'),
    };
    const kinds = mixers(config);
    const intermediate = config.size('intermediate_size');
    const bias = config.flag('mlp_bias');
    const sparse = kinds.includes('moe') ? experts(config, model, hidden) : () => undefined;
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.optionalSize('max_position_embeddings'),
      activation: config.text('mlp_hidden_act'),
    };
    model.embedding('embeddings', vocab, hidden);
    model.stack('layers', kinds.length, hidden, (index) => {
      model.rmsNorm('norm', hidden);
      const kind = kinds[index];
      if (kind === 'mamba') mamba2(model, 'mixer', sizes, options);
      else if (kind === 'attention') separateAttention(model, 'mixer', attention);
      else if (kind === 'moe') model.scope('mixer', sparse);
      else plainMlp(model, 'mixer', hidden, intermediate, { names: ['up_proj', 'down_proj'], bias });
    });
    model.rmsNorm('norm_f', hidden);
    return { hidden, vocab, embedding: 'embeddings' };
  },
});
