import type { Description } from '../../model/descriptions/description';
import { descriptions } from '../../model/descriptions/index';
import { bareModel, saidHere } from '../bareModel';
import { defaultOrigin, JobDraft, modelSetting } from '../completeJob';
import {
  entryOf,
  nodeAt,
  plainValue,
  type MapEntry,
  type MapNode,
  type ParsedText,
} from '../document/configNode';
import type { FileContext, Format } from '../format';
import type { RecognitionOutcome, SettingProblem } from '../job';
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
  const draft = new JobDraft();
  draft.addModel(modelSetting({ config: fields }), { config: saidHere(context, anchor) });
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
    limits ? saidHere(context, own) : defaultOrigin(`rooflens.contextLength: ${context.contextLength}`),
  );
  return bareModel(parsed, {
    kind: description.kind,
    draft,
    anchor: anchor ?? { key: '', keySpan: root.span },
    reference: null,
    problems: problemsOf(description, root, fields),
  });
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
