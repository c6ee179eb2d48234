import { type ConfigReader, isRecord } from '../configReader';
import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { publishedCode } from '../parts/publishedCode';

/** One half of a block: left out, replaced by one matrix, or as wide as `size` says. */
type Half =
  { readonly kind: 'none' } | { readonly kind: 'linear' } | { readonly kind: 'usual'; readonly size: number };

interface Block {
  /** Query heads that share a KV head. */
  readonly attention: Half;
  /** MLP width as a multiple of the hidden size, before two thirds are taken. */
  readonly mlp: Half;
}

function half(config: ConfigReader, value: unknown, key: string): Half {
  if (!isRecord(value)) return unfit(config, 'attention and ffn in every block');
  if (value['no_op'] === true) return { kind: 'none' };
  if (value['replace_with_linear'] === true) return { kind: 'linear' };
  const size = value[key];
  if (typeof size === 'number' && size > 0 && size <= 65_536) return { kind: 'usual', size };
  return unfit(config, `a positive ${key} in every block that has one`);
}

function unfit(config: ConfigReader, expected: string): Half {
  config.problem('block_configs', expected);
  return { kind: 'none' };
}

function blocks(config: ConfigReader): readonly Block[] {
  const layers = config.layers('num_hidden_layers');
  const value = config.value('block_configs');
  if (!Array.isArray(value) || value.length !== layers) {
    config.problem('block_configs', `a list of ${layers} blocks, one per layer`);
    return [];
  }
  return value.map((item: unknown): Block => {
    const block = isRecord(item) ? item : {};
    return {
      attention: half(config, block['attention'], 'n_heads_in_group'),
      mlp: half(config, block['ffn'], 'ffn_mult'),
    };
  });
}

/** Two thirds of twice the multiple, rounded up to 256, as the published code takes it. */
function mlpWidth(multiple: number, hidden: number): number {
  return 256 * Math.ceil(Math.floor((2 * multiple * hidden) / 3) / 256);
}

/**
 * Llama Nemotron found by architecture search: each block has its own attention and MLP, or none. Names after the
 * published modeling_decilm.py; a part that is left out has no norm either.
 */
export const nemotronNas = publishedCode(
  'modeling_decilm.py',
  decoderFamily({
    modelType: 'nemotron-nas',
    className: 'DeciLM',
    tasks: [],
    backbone(config, model) {
      const hidden = config.size('hidden_size');
      const heads = config.heads('num_attention_heads');
      const headDim = config.quotient('hidden_size', 'num_attention_heads');
      const vocab = config.size('vocab_size');
      const all = blocks(config);
      const sizes = { hidden, heads, kvHeads: heads, headDim, vocab, layers: all.length, intermediate: 0 };
      const bias = config.flag('attention_bias');
      const mlpBias = config.flag('mlp_bias');
      model.assumptions.push('the blocks follow code that is published with the checkpoints');
      return llamaFrame(config, model, sizes, (index) => {
        const { attention, mlp } = all[index] ?? { attention: { kind: 'none' }, mlp: { kind: 'none' } };
        if (attention.kind === 'usual') {
          if (heads % attention.size !== 0)
            config.problem('block_configs', `n_heads_in_group that divide ${heads} heads`);
          const kvHeads = Math.max(1, Math.floor(heads / attention.size));
          separateAttention(model, 'self_attn', { hidden, heads, kvHeads, headDim }, { bias });
        } else if (attention.kind === 'linear')
          model.linear('self_attn.linear_attn', hidden, hidden, 'other', false);
        if (attention.kind !== 'none') model.rmsNorm('input_layernorm', hidden);
        if (mlp.kind === 'usual')
          gatedMlp(model, 'mlp', hidden, mlpWidth(mlp.size, hidden), { bias: mlpBias });
        else if (mlp.kind === 'linear') model.linear('mlp.linear_mlp', hidden, hidden, 'other', false);
        if (mlp.kind !== 'none') model.rmsNorm('post_attention_layernorm', hidden);
      });
    },
  }),
);
