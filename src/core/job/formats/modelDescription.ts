import type { Description } from '../../model/descriptions/description';
import { descriptions } from '../../model/descriptions/index';
import { completeJob, defaultOrigin, JobDraft, modelSetting } from '../completeJob';
import {
  entryOf,
  nodeAt,
  plainValue,
  type MapEntry,
  type MapNode,
  type ParsedText,
} from '../document/configNode';
import type { FileContext, Format } from '../format';
import type { Job, RecognitionOutcome, SettingOrigin, SettingProblem } from '../job';
import { magicComment } from '../magicComment';
import { impossibleValue } from '../settingProblem';

/** Every kind of model description as a format: a bare model, read as an inference job. */
export const modelDescriptions: readonly Format[] = descriptions.map((description) => ({
  kind: description.kind,
  title: description.title,
  sniff: description.sniff,

  read(parsed: ParsedText, context: FileContext): RecognitionOutcome | null {
    const root = parsed.roots[0];
    if (parsed.syntax !== description.syntax || root?.kind !== 'map') return null;
    const fields = plainValue(root) as Record<string, unknown>;
    return description.recognises(fields) ? recognised(description, parsed, context, root, fields) : null;
  },

  edits: () => null,
  words: () => '',
}));

function recognised(
  description: Description,
  parsed: ParsedText,
  context: FileContext,
  root: MapNode,
  fields: Readonly<Record<string, unknown>>,
): RecognitionOutcome {
  const anchor = firstEntry(root, description.anchorKeys) ?? root.entries[0] ?? null;
  const origin = (entry: MapEntry | null): SettingOrigin => ({
    origin: 'exact',
    source: 'this file',
    file: context.path,
    key: entry?.key ?? null,
    keySpan: entry?.keySpan ?? null,
    valueSpan: entry?.value.span ?? null,
  });
  const draft = new JobDraft();
  draft.addModel(modelSetting({ config: fields }), { config: origin(anchor) });
  const own = firstEntry(root, description.contextKeys);
  const length = own?.value.kind === 'scalar' ? own.value.value : null;
  const limits =
    typeof length === 'number' &&
    Number.isSafeInteger(length) &&
    length > 0 &&
    length <= context.contextLength;
  draft.set(
    'inference.contextLength',
    limits ? length : context.contextLength,
    limits ? origin(own) : defaultOrigin(`rooflens.contextLength: ${context.contextLength}`),
  );
  const job: Job = {
    ...completeJob(draft),
    anchor: anchor?.keySpan ?? root.span,
    anchorKey: anchor?.key ?? '',
    modelReferences: [null],
    declaredTarget: magicComment(parsed.text)?.target ?? null,
  };
  return {
    outcome: 'recognised',
    recognition: {
      kind: description.kind,
      bareModel: true,
      jobs: [job],
      references: [],
      problems: problemsOf(description, root, fields),
    },
  };
}

function firstEntry(root: MapNode, keys: readonly string[]): MapEntry | null {
  for (const key of keys) {
    const entry = entryOf(root, key);
    if (entry !== null) return entry;
  }
  return null;
}

/** What the model's own code would stumble over, at its keys. */
function problemsOf(
  description: Description,
  root: MapNode,
  fields: Readonly<Record<string, unknown>>,
): readonly SettingProblem[] {
  const outcome = description.read(fields);
  if (outcome.ok) return [];
  return outcome.problems.map((problem): SettingProblem => {
    const [key = ''] = problem.key.split('.');
    const node = nodeAt(root, ...problem.key.split('.')) ?? nodeAt(root, key);
    const place = { keySpan: entryOf(root, key)?.keySpan ?? null, valueSpan: node?.span ?? null };
    return problem.value === null
      ? {
          code: 'impossible-value',
          message: `${problem.key} is missing, expected ${problem.expected}`,
          ...place,
        }
      : impossibleValue(problem.key, node?.kind === 'scalar' ? node.value : null, problem.expected, place);
  });
}
