import { blueprintFromConfig } from '../../model/blueprintFromConfig';
import { bareModel, modelBeside, saidHere } from '../bareModel';
import { JobDraft, modelSetting } from '../completeJob';
import {
  entryOf,
  nodeAt,
  plainValue,
  type MapEntry,
  type MapNode,
  type ParsedText,
} from '../document/configNode';
import type { FileContext, Format } from '../format';
import type { RecognitionOutcome, SettingOrigin, SettingProblem } from '../job';
import { pipelineParts } from '../pipelineIndex';
import { impossibleValue } from '../settingProblem';

/** Classes whose files lie beside a pipeline's parts and that hold no weights. */
const weightless =
  /(?:Scheduler|Tokenizer(?:Fast)?|Processor|FeatureExtractor|Guider|Blocks|ModularPipeline)$/u;

export function sniffDiffusers(text: string, path: string): boolean {
  return /\.json$/i.test(path) && /"_class_name"\s*:/.test(text);
}

/**
 * What diffusers saves: `model_index.json` of a pipeline, which is the sum of its parts, and the `config.json` of a part of one. Bare
 * models, read as one run of the pipeline with its own defaults.
 */
export const diffusersFormat: Format = {
  kind: 'diffusers',
  title: 'diffusers model',
  sniff: sniffDiffusers,

  read(parsed, context): RecognitionOutcome | null {
    const root = parsed.roots[0];
    if (parsed.syntax !== 'json' || root?.kind !== 'map') return null;
    const entry = entryOf(root, '_class_name');
    const className = entry?.value.kind === 'scalar' ? entry.value.value : null;
    if (entry === null || typeof className !== 'string' || weightless.test(className)) return null;
    if (entryOf(root, '_diffusers_version') === null) return null;
    const config = plainValue(root) as Record<string, unknown>;
    const parts = pipelineParts(config);
    if (parts === null)
      return /Pipeline$/u.test(className) ? null : part(parsed, context, root, entry, config);
    return parts.length === 0 ? null : pipeline(parsed, context, entry);
  },

  edits: () => null,
  words: () => '',
};

function pipeline(parsed: ParsedText, context: FileContext, entry: MapEntry): RecognitionOutcome {
  const reference = modelBeside(context, entry);
  const draft = draftOf();
  draft.addModel(modelSetting({ path: reference.name }), originsOf(context, entry, 'path'));
  return bareModel(parsed, { kind: 'diffusers', draft, anchor: entry, reference, problems: [] });
}

/** One part alone: a denoiser's step, an autoencoder's decoding. */
function part(
  parsed: ParsedText,
  context: FileContext,
  root: MapNode,
  entry: MapEntry,
  config: Readonly<Record<string, unknown>>,
): RecognitionOutcome {
  const draft = draftOf();
  draft.addModel(modelSetting({ config }), originsOf(context, entry, 'config'));
  // What it is made for is where its size is asked about.
  const sample = entryOf(root, 'sample_size');
  if (sample !== null)
    draft.set('inference.image', null, { ...saidHere(context, sample), source: 'sample_size' });
  const problems = problemsOf(root, config);
  return bareModel(parsed, { kind: 'diffusers', draft, anchor: entry, reference: null, problems });
}

function draftOf(): JobDraft {
  const draft = new JobDraft();
  const origin: SettingOrigin = {
    origin: 'exact',
    source: 'a diffusers model',
    file: null,
    key: null,
    keySpan: null,
    valueSpan: null,
  };
  draft.set('engine.name', 'diffusers', origin);
  draft.set('task', 'diffuse', origin);
  return draft;
}

/** The class stands for the model and for the dtype that it is loaded in. */
function originsOf(
  context: FileContext,
  entry: MapEntry,
  field: 'path' | 'config',
): Readonly<Record<string, SettingOrigin>> {
  const own = saidHere(context, entry);
  const dtype: SettingOrigin = { ...own, origin: 'default', source: 'diffusers: float32' };
  return { [field]: own, dtype };
}

/** What the class would stumble over, at its keys. */
function problemsOf(root: MapNode, config: Readonly<Record<string, unknown>>): readonly SettingProblem[] {
  const outcome = blueprintFromConfig(config);
  if (outcome.ok) return [];
  return outcome.problems.map((problem): SettingProblem => {
    const entry = entryOf(root, problem.key);
    const value = nodeAt(root, problem.key);
    const place = { keySpan: entry?.keySpan ?? null, valueSpan: value?.span ?? null };
    return problem.value === null
      ? {
          code: 'impossible-value',
          message: `${problem.key} is missing, expected ${problem.expected}`,
          ...place,
        }
      : impossibleValue(problem.key, value?.kind === 'scalar' ? value.value : null, problem.expected, place);
  });
}
