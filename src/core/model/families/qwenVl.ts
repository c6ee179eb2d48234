import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { fusedAttention } from '../parts/attention';
import { gatedMlp, plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { multimodalFamily } from '../parts/multimodal';
import { qwen2 } from './qwen2';
import { qwen3 } from './qwen3';
import { qwen3MoeBackbone } from './qwen3Moe';

interface VisionShape {
  /** Key of the width of the vision layers. */
  readonly widthKey: string;
  readonly patchBias: boolean;
  readonly normBias: boolean;
}

/** Patches over space and time, then blocks with fused attention; gives the width. */
function blocks(
  config: ConfigReader,
  model: ModelBuilder,
  shape: VisionShape,
  mlp: (width: number) => void,
  window: (index: number) => number | null = () => null,
): number {
  const width = config.size(shape.widthKey);
  const heads = config.heads('num_heads');
  const headDim = config.quotient(shape.widthKey, 'num_heads');
  const patch = config.size('patch_size');
  const kernel = [config.size('temporal_patch_size'), patch, patch];
  const sizes = { hidden: width, heads, kvHeads: heads, headDim };
  model.conv(
    'patch_embed.proj',
    [width, config.size('in_channels'), ...kernel],
    'embedding',
    shape.patchBias,
  );
  model.stack('blocks', config.layers('depth'), width, (index) => {
    model.layerNorm('norm1', width, shape.normBias);
    model.layerNorm('norm2', width, shape.normBias);
    fusedAttention(model, 'attn', sizes, {
      names: ['qkv', 'proj'],
      qkvBias: true,
      outputBias: true,
      causal: false,
      window: window(index),
    });
    mlp(width);
  });
  return width;
}

/** Width of the patches that are merged into one token. */
function mergedWidth(config: ConfigReader, width: number): number {
  return width * config.size('spatial_merge_size', { max: 1024 }) ** 2;
}

/** Norm and two matrices that merge patches; the first Qwen-VLs keep them in a Sequential. */
function merger(
  config: ConfigReader,
  model: ModelBuilder,
  width: number,
  out: number,
  normBias: boolean,
): void {
  const merged = mergedWidth(config, width);
  model.component('projector', () =>
    model.scope('merger', () => {
      model.layerNorm('ln_q', width, normBias);
      model.linear('mlp.0', merged, merged, 'projector', true);
      model.linear('mlp.2', merged, out, 'projector', true);
    }),
  );
}

function qwen2Vision(config: ConfigReader, model: ModelBuilder): void {
  const shape = { widthKey: 'embed_dim', patchBias: false, normBias: true };
  const ratio = config.real('mlp_ratio');
  const width = blocks(config, model, shape, (hidden) =>
    plainMlp(model, 'mlp', hidden, Math.trunc(hidden * ratio), { names: ['fc1', 'fc2'] }),
  );
  merger(config, model, width, config.size('hidden_size'), true);
}

/** Qwen 2.5's tower: most layers attend within windows of `window_size` pixels. */
function qwen25Vision(config: ConfigReader, model: ModelBuilder): void {
  const shape = { widthKey: 'hidden_size', patchBias: false, normBias: false };
  const full = new Set(config.integers('fullatt_block_indexes') ?? []);
  const side = Math.max(1, Math.floor(config.size('window_size') / config.size('patch_size')));
  const intermediate = config.size('intermediate_size');
  const width = blocks(
    config,
    model,
    shape,
    (hidden) => gatedMlp(model, 'mlp', hidden, intermediate, { bias: true }),
    (index) => (full.has(index) ? null : side * side),
  );
  merger(config, model, width, config.size('out_hidden_size'), false);
}

/** Qwen 3's tower: a learned position table, and mergers that feed features of some layers into the language model. */
function qwen3Vision(config: ConfigReader, model: ModelBuilder): void {
  const shape = { widthKey: 'hidden_size', patchBias: true, normBias: true };
  const intermediate = config.size('intermediate_size');
  model.embedding(
    'pos_embed',
    config.size('num_position_embeddings'),
    config.size('hidden_size'),
    'position',
  );
  const width = blocks(config, model, shape, (hidden) =>
    plainMlp(model, 'mlp', hidden, intermediate, { names: ['linear_fc1', 'linear_fc2'] }),
  );
  const merged = mergedWidth(config, width);
  const out = config.size('out_hidden_size');
  const deep = config.integers('deepstack_visual_indexes') ?? [];
  const patchMerger = (name: string, norm: number): void =>
    model.scope(name, () => {
      model.layerNorm('norm', norm);
      model.linear('linear_fc1', merged, merged, 'projector', true);
      model.linear('linear_fc2', merged, out, 'projector', true);
    });
  model.component('projector', () => {
    patchMerger('merger', width);
    deep.forEach((_, index) => patchMerger(`deepstack_merger_list.${index}`, merged));
  });
}

/** Configs before version 5 of the library say in the text section that the output layer is tied. */
function tiedAnywhere(config: ConfigReader): boolean {
  return (
    config.flag('tie_word_embeddings') || config.sectionOrFlat('text_config').flag('tie_word_embeddings')
  );
}

function visual(
  config: ConfigReader,
  model: ModelBuilder,
  tower: (config: ConfigReader, model: ModelBuilder) => void,
): void {
  model.component('vision', () => model.scope('visual', () => tower(config.section('vision_config'), model)));
}

/** Qwen 2 VL. Source: transformers models/qwen2_vl. */
export const qwen2Vl: Family = multimodalFamily({
  modelType: 'qwen2_vl',
  className: 'Qwen2VL',
  tied: tiedAnywhere,
  inner(config, model) {
    visual(config, model, qwen2Vision);
    const text = config.sectionOrFlat('text_config');
    return model.scope('language_model', () => qwen2.backbone(text, model));
  },
});

/** Qwen 2.5 VL. Source: transformers models/qwen2_5_vl. */
export const qwen25Vl: Family = multimodalFamily({
  modelType: 'qwen2_5_vl',
  className: 'Qwen2_5_VL',
  tied: tiedAnywhere,
  inner(config, model) {
    visual(config, model, qwen25Vision);
    const text = config.sectionOrFlat('text_config');
    return model.scope('language_model', () => qwen2.backbone(text, model));
  },
});

/** Qwen 3 VL. Source: transformers models/qwen3_vl. */
export const qwen3Vl: Family = multimodalFamily({
  modelType: 'qwen3_vl',
  className: 'Qwen3VL',
  inner(config, model) {
    visual(config, model, qwen3Vision);
    return model.scope('language_model', () => qwen3.backbone(config.section('text_config'), model));
  },
});

/** Qwen 3 VL MoE. Its checkpoints hold the experts of a layer together. Source: transformers models/qwen3_vl_moe. */
export const qwen3VlMoe: Family = multimodalFamily({
  modelType: 'qwen3_vl_moe',
  className: 'Qwen3VLMoe',
  inner(config, model) {
    visual(config, model, qwen3Vision);
    const text = config.section('text_config');
    return model.scope('language_model', () => qwen3MoeBackbone(text, model, { storedTogether: true }));
  },
});
