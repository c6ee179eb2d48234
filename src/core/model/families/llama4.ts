import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { attentionSpec } from '../parts/attention';
import { type Backbone, decoderFamily } from '../parts/decoderFamily';
import { expertsOf, layerExperts } from '../parts/experts';
import { causalHead } from '../parts/heads';
import { layerKinds } from '../parts/layerKinds';
import { attentionSizes, llamaFrame } from '../parts/llamaShape';
import { gatedMlp, plainMlp } from '../parts/mlp';
import type { Experts, ModelBuilder } from '../parts/modelBuilder';
import { visionSizes } from '../parts/visionTransformer';

/** Which layers attend within chunks: all with rotary positions, unless `layer_types` says otherwise. */
function reaches(config: ConfigReader, layers: number): readonly ('full' | 'chunked')[] {
  const interval = config.size('no_rope_layer_interval');
  const listed = config.integers('no_rope_layers', { max: 1 }) ?? [];
  if (listed.length > 0 && listed.length < layers)
    config.problem('no_rope_layers', `a list of at least ${layers} zeros and ones, one per layer`);
  return layerKinds<'full' | 'chunked'>(
    config,
    'layer_types',
    layers,
    { full_attention: 'full', chunked_attention: 'chunked' },
    (index) => ((listed[index] ?? Number((index + 1) % interval !== 0)) === 1 ? 'chunked' : 'full'),
  );
}

/** Routed experts whose matrices stand as [in, out], and a shared expert that every token passes. */
function experts(model: ModelBuilder, hidden: number, intermediate: number, experts: Experts): void {
  const transposed = { experts, inputsFirst: true };
  model.scope('feed_forward', () => {
    const both = [experts.count, hidden, 2 * intermediate];
    model.tensor('experts.gate_up_proj', both, 'gateUp', 'experts', transposed);
    model.tensor('experts.down_proj', [experts.count, intermediate, hidden], 'down', 'experts', transposed);
    model.derivedLinears(() => model.linear('router', hidden, experts.count, 'router'));
    gatedMlp(model, 'shared_expert', hidden, intermediate);
  });
  layerExperts(model, { hidden, intermediate, experts, shared: intermediate });
}

function textModel(config: ConfigReader, model: ModelBuilder): Backbone {
  const layers = config.layers('num_hidden_layers');
  const attention = attentionSizes(config);
  const sizes = { ...attention, layers, vocab: config.size('vocab_size'), intermediate: 0 };
  const { hidden, heads, kvHeads, headDim } = sizes;
  const bias = config.flag('attention_bias');
  const chunk = config.optionalSize('attention_chunk_size');
  const reach = reaches(config, layers);
  const step = config.size('interleave_moe_layer_step');
  const listed = config.integers('moe_layers');
  const isSparse = (index: number): boolean =>
    listed === null ? (index + 1) % step === 0 : listed.includes(index);
  const width = config.size('intermediate_size');
  const denseWidth = config.size('intermediate_size_mlp');
  const count = expertsOf(config, 'num_local_experts');
  return llamaFrame(config, model, sizes, (index) => {
    model.scope('self_attn', () => {
      model.linear('q_proj', hidden, heads * headDim, 'q', bias);
      model.linear('k_proj', hidden, kvHeads * headDim, 'k', bias);
      model.linear('v_proj', hidden, kvHeads * headDim, 'v', bias);
      model.linear('o_proj', heads * headDim, hidden, 'o', bias);
    });
    const spec = attentionSpec(sizes);
    model.layerAttention(
      reach[index] === 'chunked' && chunk !== null ? { ...spec, kind: 'chunked', window: chunk } : spec,
    );
    if (isSparse(index)) experts(model, hidden, width, count);
    else gatedMlp(model, 'feed_forward', hidden, denseWidth);
    model.rmsNorm('input_layernorm', hidden);
    model.rmsNorm('post_attention_layernorm', hidden);
  });
}

const text = decoderFamily({
  modelType: 'llama4_text',
  className: 'Llama4',
  bareName: 'Llama4TextModel',
  tasks: [],
  backbone: textModel,
});

/** The vision tower with its adapter, which joins neighbouring patches. */
function vision(config: ConfigReader, model: ModelBuilder): void {
  const { hidden, layers, heads, intermediate, channels, patch, patches } = visionSizes(config);
  model.parameter('class_embedding', [hidden], 'embedding');
  model.parameter('positional_embedding_vlm', [patches + 1, hidden], 'position');
  model.linear('patch_embedding.linear', channels * patch * patch, hidden, 'embedding');
  model.layerNorm('layernorm_pre', hidden);
  model.layerNorm('layernorm_post', hidden);
  const headDim = Math.floor(hidden / heads);
  model.stack('model.layers', layers, hidden, () => {
    model.scope('self_attn', () => {
      model.linear('q_proj', hidden, heads * headDim, 'q', true);
      model.linear('k_proj', hidden, heads * headDim, 'k', true);
      model.linear('v_proj', hidden, heads * headDim, 'v', true);
      model.linear('o_proj', heads * headDim, hidden, 'o', true);
    });
    model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }));
    plainMlp(model, 'mlp', hidden, intermediate, { names: ['fc1', 'fc2'] });
    model.layerNorm('input_layernorm', hidden);
    model.layerNorm('post_attention_layernorm', hidden);
  });
  const outputs = config.size('projector_output_dim');
  model.linear('vision_adapter.mlp.fc1', intermediate, config.size('projector_input_dim'), 'projector');
  model.linear('vision_adapter.mlp.fc2', outputs, outputs, 'projector');
}

const withVision: Architecture = {
  name: 'Llama4ForConditionalGeneration',
  modelType: 'llama4',
  task: 'generate',
  build(config, model) {
    const tower = config.section('vision_config', 'llama4_vision_model');
    const language = config.section('text_config', 'llama4_text');
    model.component('vision', () => model.scope('vision_model', () => vision(tower, model)));
    model.component('projector', () =>
      model.linear(
        'multi_modal_projector.linear_1',
        tower.size('vision_output_dim'),
        language.size('hidden_size'),
        'projector',
      ),
    );
    model.scope('language_model', () => {
      const { hidden, vocab } = model.scope('model', () => textModel(language, model));
      const embedding = 'language_model.model.embed_tokens.weight';
      const tiedTo = language.flag('tie_word_embeddings') ? embedding : null;
      causalHead(model, { name: 'lm_head', hidden, vocab, bias: false, tiedTo });
    });
  },
};

/** Llama 4 with and without vision. Source: transformers models/llama4. */
export const llama4: Family = { architectures: [...text.architectures, withVision] };
