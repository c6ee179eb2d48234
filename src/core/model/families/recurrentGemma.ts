import type { ConfigReader } from '../configReader';
import { attentionSpec } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { gatedMlp } from '../parts/mlp';
import { attentionSizes } from '../parts/llamaShape';
import type { ModelBuilder } from '../parts/modelBuilder';
import { convolution } from '../parts/stateSpace';

/**
 * A real-gated linear recurrent unit (De et al., Griffin, 2024) behind a short convolution. The library keeps one
 * position less than the kernel is wide, and the state in fp32.
 */
function recurrentBlock(
  model: ModelBuilder,
  hidden: number,
  width: number,
  heads: number,
  kernel: number,
): void {
  const block = Math.floor(width / heads);
  model.linear('linear_y', hidden, width, 'recurrent', true);
  model.linear('linear_x', hidden, width, 'recurrent', true);
  model.linear('linear_out', width, hidden, 'recurrent', true);
  convolution(model, 'conv_1d', width, kernel, true);
  model.scope('rg_lru', () => {
    model.parameter('recurrent_param', [width], 'recurrent');
    for (const gate of ['input', 'recurrent']) {
      model.parameter(`${gate}_gate_weight`, [heads, block, block], 'recurrent');
      model.parameter(`${gate}_gate_bias`, [heads, block], 'recurrent');
    }
  });
  model.layerRecurrent({
    kind: 'rglru',
    convElements: width * (kernel - 1),
    stateElements: width,
    stateDtype: 'f32',
  });
}

/** The kinds of block that repeat along the layers. */
function blockTypes(config: ConfigReader): readonly string[] {
  const value = config.value('block_types');
  const known = (word: unknown): word is string => word === 'recurrent' || word === 'attention';
  if (Array.isArray(value) && value.length > 0 && value.every(known)) return value;
  config.problem('block_types', 'a list of "recurrent" and "attention"');
  return ['recurrent'];
}

/** RecurrentGemma (Griffin): recurrent blocks with windowed attention between them. Source: transformers models/recurrent_gemma. */
export const recurrentGemma = decoderFamily({
  modelType: 'recurrent_gemma',
  className: 'RecurrentGemma',
  tasks: [],
  backbone(config, model) {
    const sizes = attentionSizes(config);
    const { hidden, heads, kvHeads, headDim } = sizes;
    const vocab = config.size('vocab_size');
    const width = config.optionalSize('lru_width') ?? hidden;
    config.mustDivide('num_attention_heads', heads, width, 'lru_width');
    const kernel = config.size('conv1d_width');
    const window = config.size('attention_window_size');
    const bias = config.flag('attention_bias');
    const half = Math.floor(config.size('intermediate_size', { min: 2 }) / 2);
    const types = blockTypes(config);
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      activation: config.text('hidden_activation'),
      logitSoftcap: config.real('logits_soft_cap') > 0,
    };
    model.embedding('embed_tokens', vocab, hidden);
    model.stack('layers', config.layers('num_hidden_layers'), hidden, (index) => {
      model.rmsNorm('temporal_pre_norm', hidden);
      model.scope('temporal_block', () => {
        if (types[index % types.length] === 'recurrent') {
          recurrentBlock(model, hidden, width, heads, kernel);
          return;
        }
        model.linear('q_proj', hidden, heads * headDim, 'q', bias);
        model.linear('k_proj', hidden, kvHeads * headDim, 'k', bias);
        model.linear('v_proj', hidden, kvHeads * headDim, 'v', bias);
        model.linear('o_proj', heads * headDim, hidden, 'o', true);
        model.layerAttention(attentionSpec(sizes, { window }));
      });
      model.rmsNorm('channel_pre_norm', hidden);
      gatedMlp(model, 'mlp_block', hidden, half, { bias: true });
    });
    model.rmsNorm('final_norm', hidden);
    return { hidden, vocab };
  },
});
