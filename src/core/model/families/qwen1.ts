import { attentionSpec } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { gatedMlp } from '../parts/mlp';
import { publishedCode } from '../parts/publishedCode';

/**
 * Qwen (1), whose classes lie beside its checkpoints. `intermediate_size` counts gate and up together. Names after the
 * published modeling_qwen.py and the headers of Qwen-7B.
 */
export const qwen1 = publishedCode(
  'modeling_qwen.py',
  decoderFamily({
    modelType: 'qwen',
    className: 'QWen',
    causalName: 'QWenLMHeadModel',
    base: 'transformer',
    tasks: [],
    backbone(config, model) {
      const hidden = config.size('hidden_size');
      const vocab = config.size('vocab_size');
      const heads = config.heads('num_attention_heads');
      const headDim = config.has('kv_channels')
        ? config.size('kv_channels')
        : config.quotient('hidden_size', 'num_attention_heads');
      const inner = heads * headDim;
      const intermediate = Math.floor(config.size('intermediate_size', { min: 2 }) / 2);
      const bias = config.has('no_bias') && !config.flag('no_bias');
      model.facts = {
        ...model.facts,
        hidden,
        vocab,
        maxContext: config.optionalSize('max_position_embeddings'),
        activation: 'silu',
      };
      model.embedding('wte', vocab, hidden);
      model.stack('h', config.layers('num_hidden_layers'), hidden, () => {
        model.rmsNorm('ln_1', hidden);
        model.scope('attn', () => {
          model.linear('c_attn', hidden, 3 * inner, 'qkv', true);
          model.linear('c_proj', inner, hidden, 'o', bias);
        });
        model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }));
        model.rmsNorm('ln_2', hidden);
        gatedMlp(model, 'mlp', hidden, intermediate, { bias, names: ['w2', 'w1', 'c_proj'] });
      });
      model.rmsNorm('ln_f', hidden);
      return { hidden, vocab, embedding: 'wte' };
    },
  }),
);
