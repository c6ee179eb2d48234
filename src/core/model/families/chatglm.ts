import type { Architecture } from '../family';
import type { ConfigReader } from '../configReader';
import { fusedAttention } from '../parts/attention';
import { fusedGatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { publishedCode } from '../parts/publishedCode';

/** The generating class, which every published config calls ChatGLMModel or ChatGLMForConditionalGeneration. */
function build(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('hidden_size');
  const vocab = config.size('padded_vocab_size');
  const heads = config.heads('num_attention_heads');
  const headDim = config.size('kv_channels');
  const kvHeads = config.flag('multi_query_attention') ? config.heads('multi_query_group_num') : heads;
  config.mustDivide('multi_query_group_num', kvHeads, heads, 'num_attention_heads');
  const intermediate = config.size('ffn_hidden_size');
  const bias = config.flag('add_bias_linear');
  const norm = (name: string): void =>
    config.flag('rmsnorm') ? model.rmsNorm(name, hidden) : model.layerNorm(name, hidden);
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: config.optionalSize('seq_length'),
    activation: 'silu',
  };
  model.scope('transformer', () => {
    model.embedding('embedding.word_embeddings', vocab, hidden);
    // Half of a head's width turns, in pairs.
    model.tensor('rotary_pos_emb.inv_freq', [Math.floor(headDim / 4)], 'other', 'buffer');
    model.scope('encoder', () => {
      model.stack('layers', config.layers('num_layers'), hidden, () => {
        norm('input_layernorm');
        fusedAttention(
          model,
          'self_attention',
          { hidden, heads, kvHeads, headDim },
          {
            names: ['query_key_value', 'dense'],
            qkvBias: bias || config.flag('add_qkv_bias'),
            outputBias: bias,
          },
        );
        norm('post_attention_layernorm');
        fusedGatedMlp(model, 'mlp', hidden, intermediate, {
          bias,
          names: ['dense_h_to_4h', 'dense_4h_to_h'],
        });
      });
      if (!config.has('post_layer_norm') || config.flag('post_layer_norm')) norm('final_layernorm');
    });
    model.linear('output_layer', hidden, vocab, 'head');
  });
}

const names = ['ChatGLMForConditionalGeneration', 'ChatGLMModel'];

/** ChatGLM 2 and 3 and GLM-4-9B. Names after the published modeling_chatglm.py and the index of chatglm2-6b. */
export const chatglm = publishedCode('modeling_chatglm.py', {
  architectures: names.map((name): Architecture => ({ name, modelType: 'chatglm', task: 'generate', build })),
});
