import type { ConfigReader } from '../configReader';
import { attentionSpec, type AttentionSizes } from '../parts/attention';
import { type Backbone, decoderFamily } from '../parts/decoderFamily';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { hybridWords, layerKinds } from '../parts/layerKinds';
import { llamaFrame, llamaSizes, type LlamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { convolution } from '../parts/stateSpace';

const mlpNames = ['w1', 'w3', 'w2'] as const;

function attention(model: ModelBuilder, sizes: AttentionSizes): void {
  const { hidden, heads, kvHeads, headDim } = sizes;
  model.scope('self_attn', () => {
    model.linear('q_proj', hidden, heads * headDim, 'q');
    model.linear('k_proj', hidden, kvHeads * headDim, 'k');
    model.linear('v_proj', hidden, kvHeads * headDim, 'v');
    model.linear('out_proj', heads * headDim, hidden, 'o');
    model.rmsNorm('q_layernorm', headDim);
    model.rmsNorm('k_layernorm', headDim);
  });
  model.layerAttention(attentionSpec(sizes));
}

/** A gated short convolution: all that its layer remembers is the convolution's input. */
function shortConvolution(model: ModelBuilder, hidden: number, kernel: number, bias: boolean): void {
  model.scope('conv', () => {
    convolution(model, 'conv', hidden, kernel, bias);
    model.linear('in_proj', hidden, 3 * hidden, 'recurrent', bias);
    model.linear('out_proj', hidden, hidden, 'recurrent', bias);
  });
  model.layerRecurrent({ kind: 'conv', convElements: hidden * kernel, stateElements: 0, stateDtype: null });
}

function frame(
  config: ConfigReader,
  model: ModelBuilder,
  sizes: LlamaSizes,
  mlp: (index: number) => void,
): Backbone {
  const { hidden, layers } = sizes;
  const listed = config.integers('full_attn_idxs');
  const kinds = layerKinds(config, 'layer_types', layers, hybridWords, (index) =>
    listed === null || listed.includes(index) ? 'attention' : 'recurrent',
  );
  const kernel = config.size('conv_L_cache');
  const bias = config.flag('conv_bias');
  return llamaFrame(
    config,
    model,
    sizes,
    (index) => {
      if (kinds[index] === 'attention') attention(model, sizes);
      else shortConvolution(model, hidden, kernel, bias);
      mlp(index);
      model.rmsNorm('operator_norm', hidden);
      model.rmsNorm('ffn_norm', hidden);
    },
    () => model.rmsNorm('embedding_norm', hidden),
  );
}

/** Width of the MLP: two thirds of what the config says, scaled and rounded up, unless it is taken as it stands. */
function mlpWidth(config: ConfigReader): number {
  const given = config.size(config.has('block_ff_dim') ? 'block_ff_dim' : 'intermediate_size');
  if (!config.flag('block_auto_adjust_ff_dim')) return given;
  const scale = config.value('block_ffn_dim_multiplier');
  const twoThirds = Math.floor((2 * given) / 3);
  const scaled = scale === null ? twoThirds : Math.floor(config.real('block_ffn_dim_multiplier') * twoThirds);
  const multiple = config.size('block_multiple_of');
  return Math.max(multiple * Math.ceil(scaled / multiple), 1);
}

/** LFM2: short convolutions with attention between them. Source: transformers models/lfm2. */
export const lfm2 = decoderFamily({
  modelType: 'lfm2',
  className: 'Lfm2',
  tasks: [],
  tieKeys: ['tie_embedding'],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const width = mlpWidth(config);
    return frame(config, model, sizes, () =>
      gatedMlp(model, 'feed_forward', sizes.hidden, width, { names: mlpNames }),
    );
  },
});

/** LFM2 with experts after a few dense layers. Source: transformers models/lfm2_moe. */
export const lfm2Moe = decoderFamily({
  modelType: 'lfm2_moe',
  className: 'Lfm2Moe',
  tasks: [],
  tieKeys: ['tie_embedding'],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden } = sizes;
    const dense = config.integer('num_dense_layers');
    const experts = expertsOf(config, 'num_experts');
    const intermediate = config.size('moe_intermediate_size');
    const biased = config.flag('use_expert_bias');
    return frame(config, model, sizes, (index) => {
      if (index < dense) {
        gatedMlp(model, 'feed_forward', hidden, sizes.intermediate, { names: mlpNames });
        return;
      }
      model.scope('feed_forward', () => {
        if (biased) model.tensor('expert_bias', [experts.count], 'router', 'buffer');
        gatedExperts(model, 'experts', { hidden, intermediate, experts, storedNames: mlpNames });
        model.router('gate', hidden, experts.count);
      });
      layerExperts(model, { hidden, intermediate, experts });
    });
  },
});
