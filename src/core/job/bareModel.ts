import { completeJob, type JobDraft } from './completeJob';
import type { MapEntry, ParsedText } from './document/configNode';
import type { FileContext } from './format';
import type { RecognitionOutcome, Reference, SettingOrigin, SettingProblem } from './job';
import { magicComment } from './magicComment';

/** A document that is a model and no job. */
export interface BareModel {
  /** The format that recognised it. */
  readonly kind: string;
  readonly draft: JobDraft;
  /** Where its lens stands. */
  readonly anchor: Pick<MapEntry, 'key' | 'keySpan'>;
  /** What the platform has to find before there is an answer. */
  readonly reference: Reference | null;
  readonly problems: readonly SettingProblem[];
}

/** The one inference job that a bare model is read as. */
export function bareModel(parsed: ParsedText, model: BareModel): RecognitionOutcome {
  const { kind, draft, anchor, reference, problems } = model;
  const job = {
    ...completeJob(draft),
    anchor: anchor.keySpan,
    anchorKey: anchor.key,
    modelReferences: [reference?.id ?? null],
    declaredTarget: magicComment(parsed.text)?.target ?? null,
  };
  const references = reference === null ? [] : [reference];
  return {
    outcome: 'recognised',
    recognition: { kind, bareModel: true, jobs: [job], references, problems },
  };
}

/** What a key of the document itself says; null = the document as a whole. */
export function saidHere({ path }: FileContext, entry: MapEntry | null): SettingOrigin {
  return {
    origin: 'exact',
    source: 'this file',
    file: path,
    key: entry?.key ?? null,
    keySpan: entry?.keySpan ?? null,
    valueSpan: entry?.value.span ?? null,
  };
}

/** A model in the folder of the document: what `entry` says of it is read together with the files there. */
export function modelBeside({ path }: FileContext, entry: MapEntry): Reference {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  return {
    id: 'model:0',
    kind: 'model',
    name: folder === '' ? '.' : folder,
    revision: null,
    keySpan: entry.keySpan,
    valueSpan: entry.value.span,
  };
}
