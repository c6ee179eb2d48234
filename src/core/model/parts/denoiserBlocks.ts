import { diffusersLibrary } from '../classDefaults.generated';
import type { DenoiserSpec } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Architecture } from '../family';
import { attentionSpec } from './attention';
import type { ModelBuilder } from './modelBuilder';

/** Channels of the sinusoidal timestep; fixed in the classes. */
export const TIMESTEP_CHANNELS = 256;

/** Widths of the attention of a denoiser: heads of one width make up the hidden width. */
export interface DenoiserSizes {
  readonly hidden: number;
  readonly heads: number;
  readonly headDim: number;
}

/** `num_attention_heads` × `attention_head_dim`. */
export function denoiserSizes(config: ConfigReader): DenoiserSizes {
  const heads = config.heads('num_attention_heads');
  const headDim = config.size('attention_head_dim', { max: 65_536 });
  return { hidden: heads * headDim, heads, headDim };
}

/** Two matrices from a condition (timestep, text, guidance) to the hidden width. */
export function embedder(model: ModelBuilder, name: string, from: number, hidden: number, bias = true): void {
  model.scope(name, () => {
    model.linear('linear_1', from, hidden, 'other', bias);
    model.linear('linear_2', hidden, hidden, 'other', bias);
  });
}

export function timestepEmbedder(model: ModelBuilder, hidden: number, name = 'timestep_embedder'): void {
  embedder(model, name, TIMESTEP_CHANNELS, hidden);
}

export type ProjectionNames = readonly [q: string, k: string, v: string, o: string | null];

export const imageNames: ProjectionNames = ['to_q', 'to_k', 'to_v', 'to_out.0'];
export const textNames: ProjectionNames = ['add_q_proj', 'add_k_proj', 'add_v_proj', 'to_add_out'];

export interface StreamWidths {
  /** Width of what asks and is answered. */
  readonly hidden: number;
  /** Width of what is looked at; as `hidden` when absent. */
  readonly context?: number;
  /** All heads together; as `hidden` when absent. */
  readonly inner?: number;
  readonly bias?: boolean;
  readonly outputBias?: boolean;
}

/** The q, k, v and output matrices of one stream. */
export function stream(model: ModelBuilder, names: ProjectionNames, widths: StreamWidths): void {
  const { hidden, context = hidden, inner = hidden, bias = true, outputBias = bias } = widths;
  const [q, k, v, o] = names;
  model.linear(q, hidden, inner, 'q', bias);
  model.linear(k, context, inner, 'k', bias);
  model.linear(v, context, inner, 'v', bias);
  if (o !== null) model.linear(o, inner, hidden, 'o', outputBias);
}

/** Two matrices with an activation between them, as diffusers' FeedForward names them; a gated one makes both halves at once. */
export function feedForward(
  model: ModelBuilder,
  name: string,
  hidden: number,
  inner: number,
  options: { readonly gated?: boolean; readonly bias?: boolean } = {},
): void {
  const { gated = false, bias = true } = options;
  model.linear(`${name}.net.0.proj`, hidden, gated ? 2 * inner : inner, gated ? 'gateUp' : 'up', bias);
  model.linear(`${name}.net.2`, inner, hidden, 'down', bias);
}

export function rmsNorms(model: ModelBuilder, names: readonly string[], width: number): void {
  for (const name of names) model.rmsNorm(name, width);
}

/** What one block computes; a denoiser keeps nothing between steps. */
export function blockSpecs(
  model: ModelBuilder,
  sizes: DenoiserSizes,
  intermediate: number,
  kind: 'plain' | 'gated' = 'plain',
): void {
  const { hidden, heads, headDim } = sizes;
  model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }));
  model.layerMlp({ kind, intermediate, moe: null });
}

/** The attention of a block to the prompt. */
export function crossSpec(model: ModelBuilder, sizes: DenoiserSizes): void {
  const { hidden, heads, headDim } = sizes;
  model.layerCross({
    ...attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }),
    kind: 'cross',
  });
}

/** Notes a problem unless the key is null or one of the values that change no module. */
export function onlyKnown(config: ConfigReader, key: string, known: readonly string[]): void {
  const value = config.text(key);
  if (value !== null && !known.includes(value)) config.problem(key, known.join(' or '));
}

/** Most levels of resolution: each halves an edge, and no picture has more to halve. */
const MOST_LEVELS = 16;

/** Widths of the levels of a convolutional model, the finest first. */
export function levelWidths(config: ConfigReader, key: string): readonly number[] {
  const widths = config.integers(key, { min: 1 }) ?? [];
  if (widths.length <= MOST_LEVELS) return widths;
  config.problem(key, `a list of at most ${MOST_LEVELS} entries`);
  return widths.slice(0, MOST_LEVELS);
}

type DenoiserFacts = Omit<DenoiserSpec, 'part' | 'upcastsDecoder'>;

/** Notes what the class's pipeline makes by default. */
export function denoises(
  model: ModelBuilder,
  hidden: number,
  facts: DenoiserFacts & { readonly upcastsDecoder?: boolean },
): void {
  model.facts = { ...model.facts, hidden, diffusion: { part: 'denoiser', upcastsDecoder: false, ...facts } };
}

/** A class of diffusers that is its own config class. */
export function diffusersClass(
  name: string,
  component: string,
  build: (config: ConfigReader, model: ModelBuilder) => void,
): Architecture {
  return {
    name,
    modelType: name,
    task: 'diffuse',
    library: diffusersLibrary,
    build: (config, model) => model.component(component, () => build(config, model)),
  };
}
