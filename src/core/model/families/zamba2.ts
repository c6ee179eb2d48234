import type { ConfigReader } from '../configReader';
import { attentionSpec } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { layerKinds } from '../parts/layerKinds';
import { fusedGatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { mamba2 } from '../parts/stateSpace';

type Kind = 'mamba' | 'hybrid';

const words: Readonly<Record<string, Kind>> = { mamba: 'mamba', linear_attention: 'mamba', hybrid: 'hybrid' };

/** Where the library puts the shared block when the config lists no layers. */
const usualHybrids = new Set([6, 12, 18, 24, 30, 36, 42, 47, 51]);

/** A low-rank pair beside a shared matrix. */
function adapter(model: ModelBuilder, name: string, inputs: number, rank: number, outputs: number): void {
  model.linear(`${name}.0`, inputs, rank, 'other');
  model.linear(`${name}.1`, rank, outputs, 'other');
}

/**
 * An attention block over stream and embedding together (twice the width) with an MLP. `slots` are the places that the
 * block has among all shared ones: it holds an adapter for each.
 */
function sharedBlock(config: ConfigReader, model: ModelBuilder): (slots: readonly number[]) => void {
  const hidden = config.size('hidden_size');
  // The config class works these out, and is overruled by what a config says.
  const wide = config.optionalSize('attention_hidden_size') ?? 2 * hidden;
  const heads = config.heads('num_attention_heads');
  const kvHeads = config.optionalHeads('num_key_value_heads') ?? heads;
  const headDim = config.optionalSize('attention_head_dim') ?? Math.max(1, Math.floor((2 * hidden) / heads));
  const given = config.value('intermediate_size');
  const intermediate = given === null || given === 0 ? 4 * hidden : config.size('intermediate_size');
  const bias = config.flag('add_bias_linear');
  const rank = config.size('adapter_rank');
  const adapts = config.flag('use_shared_attention_adapter');
  return (slots) => {
    model.scope('self_attn', () => {
      model.linear('q_proj', wide, heads * headDim, 'q');
      model.linear('k_proj', wide, kvHeads * headDim, 'k');
      model.linear('v_proj', wide, kvHeads * headDim, 'v');
      model.linear('o_proj', heads * headDim, hidden, 'o');
      if (adapts)
        for (const slot of slots)
          for (const letter of ['q', 'k', 'v'])
            adapter(model, `linear_${letter}_adapter_list.${slot}`, wide, rank, wide);
    });
    model.layerAttention(attentionSpec({ hidden: wide, heads, kvHeads, headDim }));
    fusedGatedMlp(model, 'feed_forward', hidden, intermediate, { bias });
    for (const slot of slots)
      adapter(model, `feed_forward.gate_up_proj_adapter_list.${slot}`, hidden, rank, 2 * intermediate);
    model.rmsNorm('input_layernorm', wide);
    model.rmsNorm('pre_ff_layernorm', hidden);
  };
}

/** Zamba 2: Mamba 2 layers, some of which also run one of a few shared attention blocks. Source: transformers models/zamba2. */
export const zamba2 = decoderFamily({
  modelType: 'zamba2',
  className: 'Zamba2',
  tasks: [sequenceClassification],
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const layers = config.layers('num_hidden_layers');
    const heads = config.heads('n_mamba_heads');
    const inner = config.size('mamba_expand') * hidden;
    config.mustDivide('n_mamba_heads', heads, inner, 'the width of the mixer');
    const sizes = {
      hidden,
      heads,
      headDim: Math.floor(inner / heads),
      groups: config.heads('mamba_ngroups'),
      state: config.size('mamba_d_state'),
      kernel: config.size('mamba_d_conv'),
    };
    // The mixer's convolution has a bias whatever `use_conv_bias` says.
    const options = { convBias: true, bias: config.flag('add_bias_linear') };
    const kinds = layerKinds(config, 'layers_block_type', layers, words, (index) =>
      usualHybrids.has(index) ? 'hybrid' : 'mamba',
    );
    const blocks = config.heads('num_mem_blocks');
    const hybrids = kinds.flatMap((kind, index) => (kind === 'hybrid' ? [index] : []));
    const block = sharedBlock(config, model);
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.flag('use_long_context') ? 16384 : config.optionalSize('max_position_embeddings'),
      activation: config.text('hidden_act'),
    };
    model.embedding('embed_tokens', vocab, hidden);
    const mamba = (): void => {
      mamba2(model, 'mamba', sizes, options);
      model.rmsNorm('input_layernorm', hidden);
    };
    const shared = new Map<number, readonly string[]>();
    const ties: (readonly [string, string])[] = [];
    model.stack('layers', layers, hidden, (index) => {
      if (kinds[index] === 'mamba') {
        mamba();
        return;
      }
      const place = hybrids.indexOf(index);
      const slots = hybrids.flatMap((_, slot) => (slot % blocks === place % blocks ? [slot] : []));
      model.linear('linear', hidden, hidden, 'other');
      model.scope('mamba_decoder', mamba);
      const before = model.tensors.length;
      model.scope('shared_transformer', () => block(slots));
      const names = model.tensors.slice(before).map(({ name }) => name);
      const owners = shared.get(place % blocks);
      if (owners === undefined) shared.set(place % blocks, names);
      else for (const [at, owner] of owners.entries()) ties.push([names[at] ?? owner, owner]);
    });
    // The library shares the blocks' memory by the same switch as the embeddings'.
    if (config.flag('tie_word_embeddings')) for (const [name, owner] of ties) model.tie(name, owner);
    model.rmsNorm('final_layernorm', hidden);
    return { hidden, vocab };
  },
});
