import { blueprintFromConfig } from '../../model/blueprintFromConfig';
import type { Blueprint, BlueprintOutcome } from '../../model/blueprint';
import { fromFirstBert, hasFirstBertShape } from '../../model/firstBertConfig';
import { bareModel, saidHere } from '../bareModel';
import { defaultOrigin, JobDraft, modelSetting } from '../completeJob';
import {
  entryOf,
  nodeAt,
  plainValue,
  type ConfigNode,
  type MapNode,
  type ParsedText,
} from '../document/configNode';
import type { FileContext, Format } from '../format';
import type { RecognitionOutcome, SettingProblem } from '../job';
import type { Task } from '../jobDocument';
import { KeyReader } from '../keyReader';
import { impossibleValue } from '../settingProblem';

/** Keys that say how large a transformer is, in the spellings of its families. */
const shapeKeys = [
  'hidden_size',
  'n_embd',
  'd_model',
  'dim',
  'embed_dim',
  'num_hidden_layers',
  'n_layer',
  'n_layers',
  'num_layers',
  'encoder_layers',
  'num_attention_heads',
  'vocab_size',
  'text_config',
  'vision_config',
  'llm_config',
  'language_config',
  'thinker_config',
  'block_configs',
  'depth',
];

/** Keys of JSON files that mention a model but are not its config: adapters, pipelines, other runtimes, jobs. */
const otherKeys = [
  'peft_type',
  '_class_name',
  'model_config',
  'model_list',
  'prefill_chunk_size',
  'tokenizer_class_name',
  'auto_mapping',
  'zero_optimization',
  'compilerOptions',
  'weight_map',
  'engine',
  'base_model_name_or_path',
  'tvm_version',
];

const maxContextKeys = [
  'max_position_embeddings',
  'n_positions',
  'n_ctx',
  'seq_length',
  'max_seq_len',
  'max_sequence_length',
  'model_max_length',
  'max_target_positions',
];

export function sniffHfConfig(text: string, path: string): boolean {
  return (
    /\.json$/i.test(path) &&
    /"(?:model_type|architectures|num_hidden_layers|n_layers?)"\s*:/.test(text) &&
    !/"(?:peft_type|_class_name)"\s*:/.test(text)
  );
}

/** `config.json` of a Hugging Face model folder, whatever it is called: a bare model, read as an inference job. */
export const hfConfig: Format = {
  kind: 'hf-config',
  title: 'Hugging Face model',
  sniff: sniffHfConfig,

  read(parsed, context): RecognitionOutcome | null {
    const root = parsed.roots[0];
    if (parsed.syntax !== 'json' || root?.kind !== 'map') return null;
    const model = modelNode(root);
    if (model === null) return null;
    return recognised(parsed, context, model);
  },

  edits: () => null,
  words: () => '',
};

/** The object that describes the model: the root, or DeepSpeed bing_bert's `bert_model_config`. null = not a model. */
function modelNode(root: MapNode): MapNode | null {
  if (otherKeys.some((key) => entryOf(root, key) !== null)) return null;
  const nested = nodeAt(root, 'bert_model_config');
  if (nested?.kind === 'map')
    return hasFirstBertShape(plainValue(nested) as Record<string, unknown>) ? nested : null;
  if (hasFirstBertShape(plainValue(root) as Record<string, unknown>)) return root;
  const modelType = nodeAt(root, 'model_type');
  const named = modelType?.kind === 'scalar' && typeof modelType.value === 'string';
  const classes = nodeAt(root, 'architectures');
  const classed = classes?.kind === 'list' && classes.items.some(isClassName);
  const shaped = shapeKeys.some((key) => entryOf(root, key) !== null);
  return (classed && (named || shaped)) || (named && shaped) ? root : null;
}

function isClassName(node: ConfigNode): boolean {
  return (
    node.kind === 'scalar' &&
    typeof node.value === 'string' &&
    /(?:For[A-Z]\w*|Model\w*|Pipeline)$/.test(node.value)
  );
}

function recognised(parsed: ParsedText, context: FileContext, model: MapNode): RecognitionOutcome {
  const reader = new KeyReader(parsed, model, context.path);
  const config = fromFirstBert(plainValue(model) as Record<string, unknown>);
  const draft = new JobDraft();
  const first = anchorOf(model);
  const origin = saidHere(context, first);
  draft.addModel(modelSetting({ config }), { config: origin });
  const outcome = blueprintFromConfig(config);
  const task = outcome.ok ? tasks[outcome.blueprint.task] : 'generate';
  if (task !== 'generate')
    draft.set('task', task, {
      ...origin,
      source: `this file: ${outcome.ok ? outcome.blueprint.architecture : ''}`,
    });
  const own = maxContextOf(model) ?? (task === 'generate' ? null : patchesOf(model));
  const contextLength = Math.min(context.contextLength, own?.value ?? context.contextLength);
  draft.set(
    'inference.contextLength',
    contextLength,
    own !== null && own.value <= context.contextLength
      ? reader.origin(own.entry)
      : defaultOrigin(`rooflens.contextLength: ${context.contextLength}`),
  );
  return bareModel(parsed, {
    kind: 'hf-config',
    draft,
    anchor: first ?? { key: '', keySpan: model.span },
    reference: null,
    problems: configProblems(model, outcome),
  });
}

/** What a bare model of each kind is run for. */
const tasks: Readonly<Record<Blueprint['task'], Task>> = {
  generate: 'generate',
  embed: 'embed',
  classify: 'classify',
  transcribe: 'transcribe',
  vision: 'embed',
  diffuse: 'diffuse',
};

function anchorOf(model: MapNode): MapNode['entries'][number] | null {
  return entryOf(model, 'architectures') ?? entryOf(model, 'model_type') ?? model.entries[0] ?? null;
}

function maxContextOf(
  model: MapNode,
): { readonly value: number; readonly entry: MapNode['entries'][number] } | null {
  const text =
    nodeAt(model, 'text_config') ?? nodeAt(model, 'llm_config') ?? nodeAt(model, 'language_config');
  for (const holder of [model, text]) {
    for (const key of maxContextKeys) {
      const entry = entryOf(holder, key);
      const value = entry?.value.kind === 'scalar' ? entry.value.value : null;
      if (entry !== null && typeof value === 'number' && Number.isSafeInteger(value) && value > 0)
        return { value, entry };
    }
  }
  return null;
}

/** Tokens that an image encoder makes of one image: its patches and a token for the whole. */
function patchesOf(
  model: MapNode,
): { readonly value: number; readonly entry: MapNode['entries'][number] } | null {
  for (const holder of [model, nodeAt(model, 'vision_config')]) {
    const entry = entryOf(holder, 'image_size');
    const sizes = holder === null ? [] : [entry?.value, nodeAt(holder, 'patch_size')];
    const [image, patch] = sizes.map((node) =>
      node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : 0,
    );
    if (entry !== null && image !== undefined && patch !== undefined && patch > 0 && image >= patch)
      return { value: Math.floor(image / patch) ** 2 + 1, entry };
  }
  return null;
}

/** What the model library would stumble over, at its keys. */
function configProblems(model: MapNode, outcome: BlueprintOutcome): readonly SettingProblem[] {
  if (outcome.ok) return [];
  return outcome.problems.map((problem): SettingProblem => {
    const { node, keySpan } = nodeByPath(model, problem.key);
    const place = { keySpan, valueSpan: node?.span ?? null };
    return problem.value === null
      ? {
          code: 'impossible-value',
          message: `${problem.key} is missing, expected ${problem.expected}`,
          ...place,
        }
      : impossibleValue(problem.key, node?.kind === 'scalar' ? node.value : null, problem.expected, place);
  });
}

function nodeByPath(
  model: MapNode,
  path: string,
): { node: ConfigNode | null; keySpan: SettingProblem['keySpan'] } {
  let node: ConfigNode | null = model;
  let keySpan: SettingProblem['keySpan'] = null;
  for (const key of path.split('.')) {
    const entry = entryOf(node, key.replace(/\[\d+\]$/, ''));
    if (entry === null) break;
    keySpan = entry.keySpan;
    node = entry.value;
  }
  return { node, keySpan };
}
