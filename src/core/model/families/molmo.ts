import type { ConfigReader } from '../configReader';
import type { Architecture } from '../family';
import { attentionSpec } from '../parts/attention';
import { causalHead } from '../parts/heads';
import { attentionSizes } from '../parts/llamaShape';
import { fusedGatedMlp, plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { publishedCode } from '../parts/publishedCode';

/** Sizes of the image tower, which the published code fixes: CLIP ViT-L/14 at 336 pixels without its last layer. */
const tower = { hidden: 1024, layers: 23, heads: 16, intermediate: 4096, patch: 14, positions: 577 };

/** Layers of the tower whose outputs are joined for every patch. */
const JOINED = 2;

/** Embeddings of tokens that were added to the text model's own vocabulary. */
const ADDED_TOKENS = 128;

/** wq, wk, wv and wo with biases, as the published code names them. */
function attention(model: ModelBuilder, name: string, inputs: number): void {
  const { hidden } = tower;
  model.scope(name, () => {
    model.linear('wq', inputs, hidden, 'q', true);
    model.linear('wk', inputs, hidden, 'k', true);
    model.linear('wv', inputs, hidden, 'v', true);
    model.linear('wo', hidden, hidden, 'o', true);
  });
}

function imageTower(model: ModelBuilder): void {
  const { hidden, layers, heads, intermediate, patch, positions } = tower;
  model.parameter('class_embedding', [hidden], 'position');
  model.parameter('positional_embedding', [positions, hidden], 'position');
  model.linear('patch_embedding', patch * patch * 3, hidden, 'other');
  model.layerNorm('pre_ln', hidden);
  model.stack('transformer.resblocks', layers, hidden, () => {
    attention(model, 'attention', hidden);
    model.layerAttention(
      attentionSpec({ hidden, heads, kvHeads: heads, headDim: hidden / heads }, { causal: false }),
    );
    plainMlp(model, 'feed_forward', hidden, intermediate, { names: ['w1', 'w2'] });
    model.layerNorm('attention_norm', hidden);
    model.layerNorm('ffn_norm', hidden);
  });
}

function vision(model: ModelBuilder, textHidden: number, width: number): void {
  model.component('vision', () => model.scope('image_vit', () => imageTower(model)));
  model.component('projector', () => {
    const joined = JOINED * tower.hidden;
    model.parameter('pad_embed', [2, joined]);
    attention(model, 'image_pooling_2d', joined);
    model.scope('image_projector', () => {
      model.linear('w1', tower.hidden, width, 'projector');
      model.linear('w2', width, textHidden, 'projector');
      model.linear('w3', tower.hidden, width, 'projector');
    });
  });
}

function build(config: ConfigReader, model: ModelBuilder): void {
  const sizes = attentionSizes(config);
  const { hidden, heads, kvHeads, headDim } = sizes;
  const vocab = config.optionalSize('embedding_size') ?? config.size('vocab_size');
  // Gate and up together, as the first release of OLMo counts them.
  const width = Math.floor(config.size('intermediate_size', { min: 2 }) / 2);
  const bias = config.flag('qkv_bias');
  const norms = config.flag('attention_layer_norm');
  if ((config.text('layer_norm_type') ?? 'rms') !== 'rms') config.problem('layer_norm_type', '"rms"');
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: config.optionalSize('max_position_embeddings'),
    activation: 'silu',
  };
  model.scope('model', () => {
    model.scope('transformer', () => {
      model.parameter('wte.embedding', [vocab, hidden], 'embedding');
      model.parameter('wte.new_embedding', [ADDED_TOKENS, hidden], 'embedding');
      model.stack('blocks', config.layers('num_hidden_layers'), hidden, () => {
        model.linear('att_proj', hidden, (heads + 2 * kvHeads) * headDim, 'qkv', bias);
        model.linear('attn_out', heads * headDim, hidden, 'o');
        if (norms) {
          model.rmsNorm('q_norm', heads * headDim);
          model.rmsNorm('k_norm', kvHeads * headDim);
        }
        model.layerAttention(attentionSpec(sizes));
        model.rmsNorm('attn_norm', hidden);
        fusedGatedMlp(model, '', hidden, width, { names: ['ff_proj', 'ff_out'] });
        model.rmsNorm('ff_norm', hidden);
      });
      model.rmsNorm('ln_f', hidden);
      if (!config.flag('weight_tying'))
        causalHead(model, { name: 'ff_out', hidden, vocab, bias: false, tiedTo: null });
    });
    model.scope('vision_backbone', () => vision(model, hidden, width));
  });
}

const molmoForCausalLM: Architecture = {
  name: 'MolmoForCausalLM',
  modelType: 'molmo',
  task: 'generate',
  build,
};

/** Molmo: a text model like OLMo's or Qwen2's behind a CLIP tower. Names after the published modeling_molmo.py. */
export const molmo = publishedCode('modeling_molmo.py', { architectures: [molmoForCausalLM] });
