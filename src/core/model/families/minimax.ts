import { separateAttention, type AttentionSizes } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { expertsOf, sparseMlp } from '../parts/experts';
import { hybridWords, layerKinds } from '../parts/layerKinds';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Lightning attention: one matrix of state a head, decays as saved buffers. */
function lightning(model: ModelBuilder, sizes: AttentionSizes, block: number): void {
  const { hidden, heads, headDim } = sizes;
  const inner = heads * headDim;
  model.scope('self_attn', () => {
    const decay = (name: string, shape: readonly number[]): void =>
      model.tensor(name, shape, 'recurrent', 'buffer');
    decay('slope_rate', [heads, 1, 1]);
    decay('query_decay', [heads, block, 1]);
    decay('key_decay', [heads, block, 1]);
    decay('diagonal_decay', [1, heads, block, block]);
    model.rmsNorm('norm', inner);
    model.linear('qkv_proj', hidden, 3 * inner, 'qkv');
    model.linear('out_proj', inner, hidden, 'o');
    model.linear('output_gate', hidden, inner, 'recurrent');
  });
  model.layerRecurrent({
    kind: 'linear',
    convElements: 0,
    stateElements: heads * headDim * headDim,
    stateDtype: null,
  });
}

/** MiniMax-Text-01: lightning attention with softmax attention between, experts in every layer. Source: transformers models/minimax. */
export const minimax = decoderFamily({
  modelType: 'minimax',
  className: 'MiniMax',
  tasks: [sequenceClassification, tokenClassification, questionAnswering()],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate } = sizes;
    const kinds = layerKinds(config, 'layer_types', sizes.layers, hybridWords, (index) =>
      (index + 1) % 2 === 1 ? 'attention' : 'recurrent',
    );
    const block = config.size('block_size');
    const experts = expertsOf(config, 'num_local_experts');
    return llamaFrame(config, model, sizes, (index) => {
      if (kinds[index] === 'attention') separateAttention(model, 'self_attn', sizes);
      else lightning(model, sizes, block);
      sparseMlp(model, 'mlp', {
        hidden,
        intermediate,
        experts,
        storedModule: 'block_sparse_moe',
        storedNames: ['w1', 'w3', 'w2'],
      });
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
