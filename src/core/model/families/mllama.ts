import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { attentionSpec, separateAttention } from '../parts/attention';
import type { Backbone } from '../parts/decoderFamily';
import { causalHead } from '../parts/heads';
import { attentionSizes } from '../parts/llamaShape';
import { gatedMlp, plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Rows of the embedding beyond the vocabulary, for the image token and its kin. */
const EXTRA_TOKENS = 8;
/** Aspect ratios that the class knows when the config lists none. */
const STANDARD_RATIOS = 8;

/** Tokens of one image: each tile's patches and its class token. */
function imageTokens(config: ConfigReader): number {
  const side = Math.floor(config.size('image_size') / config.size('patch_size'));
  return config.size('max_num_tiles') * (side * side + 1);
}

function visionLayers(
  config: ConfigReader,
  model: ModelBuilder,
  name: string,
  count: number,
  first: number,
): void {
  const hidden = config.size('hidden_size');
  const heads = config.heads('attention_heads');
  const headDim = config.quotient('hidden_size', 'attention_heads');
  const gated = first > 0;
  model.scope(name, () =>
    model.stack(
      'layers',
      count,
      hidden,
      () => {
        separateAttention(model, 'self_attn', { hidden, heads, kvHeads: heads, headDim }, { causal: false });
        plainMlp(model, 'mlp', hidden, config.size('intermediate_size'), { names: ['fc1', 'fc2'] });
        model.layerNorm('input_layernorm', hidden);
        model.layerNorm('post_attention_layernorm', hidden);
        if (gated) {
          model.parameter('gate_attn', [1]);
          model.parameter('gate_ffn', [1]);
        }
      },
      first,
    ),
  );
}

/** Llama 3.2's vision tower: tiles of an image, local layers, then gated global ones. */
function visionModel(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('hidden_size');
  const patch = config.size('patch_size');
  const tiles = config.size('max_num_tiles');
  const tokens = imageTokens(config);
  const listed: unknown = config.value('supported_aspect_ratios');
  const ratios = (Array.isArray(listed) ? listed.length : STANDARD_RATIOS) + 1;
  const local = config.layers('num_hidden_layers');
  model.parameter('class_embedding', [hidden], 'embedding');
  model.conv('patch_embedding', [hidden, config.size('num_channels'), patch, patch], 'embedding', false);
  model.scope('gated_positional_embedding', () => {
    model.parameter('gate', [1], 'position');
    model.parameter('embedding', [tokens / tiles, hidden], 'position');
    model.embedding('tile_embedding', ratios, tokens * hidden, 'position');
  });
  for (const name of ['pre_tile_positional_embedding', 'post_tile_positional_embedding'])
    model.scope(name, () => {
      model.parameter('gate', [1], 'position');
      model.embedding('embedding', ratios, tiles * hidden, 'position');
    });
  model.layerNorm('layernorm_pre', hidden);
  visionLayers(config, model, 'transformer', local, 0);
  model.layerNorm('layernorm_post', hidden);
  visionLayers(config, model, 'global_transformer', config.layers('num_global_layers'), local);
}

/** Llama layers, some of which look at the image instead of at the text before them. */
function textModel(config: ConfigReader, model: ModelBuilder, crossTokens: number | null): Backbone {
  const sizes = attentionSizes(config);
  const { hidden, heads, kvHeads, headDim } = sizes;
  const vocab = config.size('vocab_size');
  const intermediate = config.size('intermediate_size');
  const crossing = new Set(config.integers('cross_attention_layers') ?? [3, 8, 13, 18, 23, 28, 33, 38]);
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: config.size('max_position_embeddings'),
    activation: config.text('hidden_act'),
  };
  model.embedding('embed_tokens', vocab + EXTRA_TOKENS, hidden);
  model.stack('layers', config.layers('num_hidden_layers'), hidden, (index) => {
    if (crossing.has(index)) {
      model.scope('cross_attn', () => {
        model.linear('q_proj', hidden, heads * headDim, 'q');
        model.linear('k_proj', hidden, kvHeads * headDim, 'k');
        model.linear('v_proj', hidden, kvHeads * headDim, 'v');
        model.linear('o_proj', heads * headDim, hidden, 'o');
        model.rmsNorm('q_norm', headDim);
        model.rmsNorm('k_norm', headDim);
      });
      model.parameter('cross_attn_attn_gate', [1]);
      model.parameter('cross_attn_mlp_gate', [1]);
      model.layerCross({ ...attentionSpec(sizes, { causal: false }), kind: 'cross', crossTokens });
    } else separateAttention(model, 'self_attn', sizes);
    gatedMlp(model, 'mlp', hidden, intermediate);
    model.rmsNorm('input_layernorm', hidden);
    model.rmsNorm('post_attention_layernorm', hidden);
  });
  model.rmsNorm('norm', hidden);
  return { hidden, vocab };
}

function inner(config: ConfigReader, model: ModelBuilder): Backbone {
  const vision = config.section('vision_config');
  const text = config.section('text_config');
  model.component('vision', () => model.scope('vision_model', () => visionModel(vision, model)));
  model.component('projector', () =>
    model.linear(
      'multi_modal_projector',
      vision.size('vision_output_dim'),
      text.size('hidden_size'),
      'projector',
      true,
    ),
  );
  return model.scope('language_model', () => textModel(text, model, imageTokens(vision)));
}

function head(model: ModelBuilder, { hidden, vocab }: Backbone): void {
  // The embedding has more rows, so that the two are never tied.
  causalHead(model, { name: 'lm_head', hidden, vocab, bias: false, tiedTo: null });
}

const architectures: readonly Architecture[] = [
  {
    name: 'MllamaForConditionalGeneration',
    modelType: 'mllama',
    task: 'generate',
    build: (config, model) =>
      head(
        model,
        model.scope('model', () => inner(config, model)),
      ),
  },
  {
    name: 'MllamaModel',
    modelType: 'mllama',
    task: 'embed',
    build: (config, model) => void inner(config, model),
  },
  {
    name: 'MllamaForCausalLM',
    modelType: 'mllama_text_model',
    task: 'generate',
    build: (config, model) =>
      head(
        model,
        model.scope('model', () => textModel(config, model, null)),
      ),
  },
];

/** Llama 3.2 Vision. Source: transformers models/mllama. */
export const mllama: Family = { architectures };
