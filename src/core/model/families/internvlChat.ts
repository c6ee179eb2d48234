import type { ConfigReader } from '../configReader';
import type { Architecture } from '../family';
import { attentionSpec } from '../parts/attention';
import { causalHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { publishedCode } from '../parts/publishedCode';
import { patchesOf } from '../parts/visionTransformer';
import { internlm2Backbone } from './internlm2';
import { languageModel } from './languageModels';

/** InternViT: a ViT with a scale after each half of a layer. */
function tower(config: ConfigReader, model: ModelBuilder): number {
  const hidden = config.size('hidden_size');
  const heads = config.heads('num_attention_heads');
  const headDim = config.quotient('hidden_size', 'num_attention_heads');
  const { size, count } = patchesOf(config);
  const rms = config.text('norm_type') === 'rms_norm';
  const norm = (name: string): void => (rms ? model.rmsNorm(name, hidden) : model.layerNorm(name, hidden));
  model.scope('embeddings', () => {
    model.parameter('class_embedding', [1, 1, hidden], 'position');
    model.parameter('position_embedding', [1, count + 1, hidden], 'position');
    model.conv('patch_embedding', [hidden, 3, ...size], 'other');
  });
  model.scope('encoder', () =>
    model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
      model.parameter('ls1', [hidden]);
      model.parameter('ls2', [hidden]);
      model.scope('attn', () => {
        model.linear('qkv', hidden, 3 * hidden, 'qkv', config.flag('qkv_bias'));
        model.linear('proj', hidden, hidden, 'o', true);
        if (config.flag('qk_normalization'))
          for (const name of ['q_norm', 'k_norm']) model.rmsNorm(name, hidden);
      });
      model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }));
      plainMlp(model, 'mlp', hidden, config.size('intermediate_size'), { names: ['fc1', 'fc2'] });
      norm('norm1');
      norm('norm2');
    }),
  );
  return hidden;
}

function build(config: ConfigReader, model: ModelBuilder): void {
  const vision = config.section('vision_config');
  const text = config.section('llm_config');
  const side = model.component('vision', () => model.scope('vision_model', () => tower(vision, model)));
  const classes = text.value('architectures');
  const interns = Array.isArray(classes) && classes[0] === 'InternLM2ForCausalLM';
  const { hidden, vocab } = model.scope('language_model', () => {
    const made = model.scope('model', () =>
      interns ? internlm2Backbone(text, model) : languageModel(text, model),
    );
    const tied = text.flag('tie_word_embeddings');
    causalHead(model, {
      name: interns ? 'output' : 'lm_head',
      hidden: made.hidden,
      vocab: made.vocab,
      bias: false,
      tiedTo: tied ? `language_model.model.${made.embedding ?? 'embed_tokens'}.weight` : null,
    });
    return made;
  });
  model.component('projector', () =>
    model.scope('mlp1', () => {
      // Pixel shuffle joins the patches of a square, two by two unless the ratio says otherwise.
      const ratio = config.has('downsample_ratio') ? config.real('downsample_ratio') : 0.5;
      const joined = Math.round(side / ratio ** 2);
      if (!Number.isFinite(joined)) config.problem('downsample_ratio', 'a ratio above 0');
      model.layerNorm('0', joined);
      model.linear('1', joined, hidden, 'projector', true);
      model.linear('3', hidden, hidden, 'projector', true);
    }),
  );
  model.facts = { ...model.facts, hidden, vocab };
}

const chat: Architecture = {
  name: 'InternVLChatModel',
  modelType: 'internvl_chat',
  task: 'generate',
  build,
};

/** InternVL 1.5 to 3: InternViT, an MLP and whichever language model. Names after the published modeling_internvl_chat.py. */
export const internvlChat = publishedCode('modeling_internvl_chat.py', { architectures: [chat] });
