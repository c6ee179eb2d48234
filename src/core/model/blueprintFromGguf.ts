import { isFloat, type Dtype } from '../units/dtype';
import { ADAPTER_COMPONENT } from './adapter';
import type { Blueprint, BlueprintOutcome, ConfigProblem, TensorSpec } from './blueprint';
import { problemSentence, refused } from './buildBlueprint';
import { fileTypeName, findGgmlType } from './ggmlTypes';
import type { GgufTensor } from './gguf';
import { GgufKeys, MOST_GGUF_LAYERS } from './ggufKeys';
import { ggufLayers } from './ggufLayers';
import type { GgufContents } from './ggufSplit';
import { placeOf } from './ggufTensorRoles';

/** Architectures of llama.cpp that give embeddings or classes and have no output layer. */
const encoders: ReadonlySet<string> = new Set([
  'bert',
  'modern-bert',
  'nomic-bert',
  'nomic-bert-moe',
  'neo-bert',
  'jina-bert-v2',
  'jina-bert-v3',
  'eurobert',
  'gemma-embedding',
  't5encoder',
  'llama-embed',
]);

/**
 * The Blueprint of a GGUF file (or of all parts of one): its tensors under llama.cpp's names with their exact types and
 * bytes, and the layers from the architecture's keys and the tensors that each layer has. Works for architectures that
 * llama.cpp does not have yet as far as they use its key names. Never throws; a file that is no model, or whose keys
 * cannot be right, gives a sentence. `source` is for people: the file's name.
 */
export function blueprintFromGguf(contents: GgufContents, source: string): BlueprintOutcome {
  const architecture = text(contents, 'general.architecture');
  const kind = text(contents, 'general.type');
  if (kind === 'imatrix') return refused('is an importance matrix, no model');
  if (kind === 'adapter') return adapterOf(contents, architecture, source);
  if (contents.tensors.length === 0) return refused('holds no tensors: a vocabulary alone is no model');
  if (architecture === null) return refused('does not say its general.architecture');

  const problems: ConfigProblem[] = [];
  const keys = new GgufKeys(contents.metadata, architecture, problems);
  const layers = ggufLayers(contents, keys);
  const experts = expertsOf(keys);
  const blocks = keys.size('block_count', 1, MOST_GGUF_LAYERS) ?? 0;
  const nextLayers = keys.size('nextn_predict_layers', 0, blocks) ?? 0;
  if (problems.length > 0) return { ok: false, reason: problemSentence(problems), problems };

  const specs = contents.tensors.map((tensor) => specOf(tensor, experts));
  const isAhead = ({ component, layer }: TensorSpec): boolean =>
    component === 'text' && nextLayers > 0 && layer !== null && layer >= blocks - nextLayers;
  const ahead = specs.filter(isAhead);
  const loaded = specs.filter((spec) => !isAhead(spec));
  const embedding = loaded.find((spec) => spec.name === 'token_embd.weight');
  const task = taskOf(architecture, contents, keys);
  const tensors = encoders.has(architecture) ? loaded : withOutput(loaded, embedding);
  const blueprint: Blueprint = {
    architecture,
    modelType: architecture,
    library: 'llama.cpp',
    origin: 'exact',
    assumptions: remarks(contents, layers.length, source),
    dtype: frequentFloat(contents.tensors),
    dtypeOrigin: 'exact',
    hidden: keys.size('embedding_length') ?? layers[0]?.hidden ?? embedding?.shape[1] ?? 0,
    vocab: embedding?.shape[0] ?? tokens(contents) ?? 0,
    maxContext: keys.size('context_length'),
    task,
    layers,
    tensors,
    ...(ahead.length > 0 ? { checkpointOnly: ahead } : {}),
    quantization: quantizationOf(contents),
    activation: null,
    logitSoftcap: (keys.real('final_logit_softcapping') ?? 0) > 0,
    // gemma2 caps its attention weights whether the key is there or not (gemma2.cpp).
    attentionSoftcap: (keys.real('attn_logit_softcapping') ?? 0) > 0 || architecture === 'gemma2',
    ...(architecture === 'clip'
      ? { notRunnable: `${source} is a projector; the language model that it belongs to is another file` }
      : {}),
    weights: {
      source,
      fileBytes: contents.tensors.reduce((sum, { bytes }) => sum + bytes, 0),
      bytes: Object.fromEntries(contents.tensors.map(({ name, bytes }) => [name, bytes])),
      complete: true,
    },
  };
  return problems.length > 0
    ? { ok: false, reason: problemSentence(problems), problems }
    : { ok: true, blueprint };
}

/** A LoRA file: pairs `….lora_a`, `….lora_b` under the base model's names (convert_lora_to_gguf.py). */
function adapterOf(contents: GgufContents, architecture: string | null, source: string): BlueprintOutcome {
  const specs = contents.tensors.map((tensor): TensorSpec => ({
    ...specOf(tensor, { count: 0, active: () => 1 }),
    role: 'other',
    module: 'parameter',
    component: ADAPTER_COMPONENT,
    experts: null,
  }));
  const base = text(contents, 'general.base_model.0.name');
  const notRunnable = `${source} is ${text(contents, 'adapter.type') === 'lora' ? 'a LoRA adapter' : 'an adapter'}${base === null ? '' : ` of ${base}`}; the model that it belongs to is another file`;
  return {
    ok: true,
    blueprint: {
      architecture: architecture ?? 'unknown',
      modelType: architecture ?? 'unknown',
      library: 'llama.cpp',
      origin: 'exact',
      assumptions: [notRunnable, ...remarks(contents, 1, source)],
      dtype: frequentFloat(contents.tensors),
      dtypeOrigin: 'exact',
      hidden: 0,
      vocab: 0,
      maxContext: null,
      task: 'generate',
      layers: [],
      tensors: specs,
      quantization: null,
      activation: null,
      logitSoftcap: false,
      attentionSoftcap: false,
      notRunnable,
    },
  };
}

function text(contents: GgufContents, key: string): string | null {
  const value = contents.metadata.get(key);
  return value?.kind === 'string' ? value.text : null;
}

function tokens(contents: GgufContents): number | null {
  const value = contents.metadata.get('tokenizer.ggml.tokens');
  return value?.kind === 'array' ? value.length : null;
}

interface ExpertCounts {
  readonly count: number;
  /** Experts that one token passes in a layer; most files have one number for all. */
  readonly active: (layer: number | null) => number;
}

function expertsOf(keys: GgufKeys): ExpertCounts {
  const layers = keys.size('block_count', 1, MOST_GGUF_LAYERS) ?? 0;
  const used = keys.perLayer('expert_used_count', layers);
  return {
    count: keys.size('expert_count', 0) ?? 0,
    active: (layer) => used?.[layer ?? 0] ?? used?.[0] ?? 1,
  };
}

function specOf(tensor: GgufTensor, experts: ExpertCounts): TensorSpec {
  const shape = [...tensor.dims].reverse();
  const { component, layer, role, module } = placeOf(tensor.name, shape.length);
  // Experts are one stack, or in files from before 2024 a tensor each.
  const count = shape.length > 2 ? (shape[0] ?? 1) : Math.max(1, experts.count);
  return {
    name: tensor.name,
    shape,
    dtype: findGgmlType(tensor.type)?.dtype ?? null,
    role,
    module,
    layer,
    component,
    tiedTo: null,
    experts: module === 'experts' ? { count, active: Math.min(experts.active(layer), count) } : null,
    storage: { type: tensor.type, bytes: tensor.bytes },
  };
}

/** Without an output layer of its own, a decoder multiplies with its token embedding. */
function withOutput(specs: readonly TensorSpec[], embedding: TensorSpec | undefined): readonly TensorSpec[] {
  if (embedding === undefined || specs.some((spec) => spec.role === 'head')) return specs;
  return [
    ...specs,
    { ...embedding, name: 'output.weight', role: 'head', module: 'linear', tiedTo: embedding.name },
  ];
}

function taskOf(architecture: string, contents: GgufContents, keys: GgufKeys): Blueprint['task'] {
  if (architecture === 'clip') return 'vision';
  if (contents.tensors.some((tensor) => tensor.name.startsWith('cls.'))) return 'classify';
  // enum llama_pooling_type: 0 none, 1 mean, 2 first token, 3 last token, 4 rank.
  const pooling = keys.size('pooling_type', 0, 255) ?? 0;
  if (pooling === 4) return 'classify';
  if (encoders.has(architecture) || pooling > 0) return 'embed';
  const hasTokens = contents.tensors.some((tensor) => tensor.name === 'token_embd.weight');
  return hasTokens || keys.has('block_count') ? 'generate' : 'diffuse';
}

/** The float type that most bytes of plain tensors have. */
function frequentFloat(tensors: readonly GgufTensor[]): Dtype {
  const bytes = new Map<Dtype, number>();
  for (const tensor of tensors) {
    const dtype = findGgmlType(tensor.type)?.dtype ?? null;
    if (dtype !== null && isFloat(dtype)) bytes.set(dtype, (bytes.get(dtype) ?? 0) + tensor.bytes);
  }
  const [first] = [...bytes].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? 'f16';
}

/** The mix that the file says it has, else the block format of most bytes; null when nothing is quantised. */
function quantizationOf(contents: GgufContents): Blueprint['quantization'] {
  const bytes = new Map<string, number>();
  for (const { type, bytes: size } of contents.tensors)
    if ((findGgmlType(type)?.dtype ?? null) === null) bytes.set(type, (bytes.get(type) ?? 0) + size);
  const [most] = [...bytes].sort(([, a], [, b]) => b - a);
  if (most === undefined) return null;
  const fileType = contents.metadata.get('general.file_type');
  const number = fileType?.kind === 'scalar' ? Number(fileType.value) : NaN;
  return { method: 'gguf', type: fileTypeName(number) ?? most[0] };
}

function remarks(contents: GgufContents, layers: number, source: string): readonly string[] {
  const said: string[] = [];
  if (contents.missingBytes > 0)
    said.push(`${source} ends ${contents.missingBytes} bytes early: the download is not complete`);
  const unknown = contents.tensors.filter((tensor) => findGgmlType(tensor.type) === null);
  const [first] = unknown;
  if (first !== undefined)
    said.push(
      `${unknown.length} tensors have a type that llama.cpp does not know (${first.type}): their bytes follow from where they lie`,
    );
  if (layers === 0) said.push(`${source} does not say what its layers keep`);
  return said;
}
