import { completeJob, defaultOrigin, JobDraft, modelSetting } from '../completeJob';
import { entryOf } from '../document/configNode';
import type { FileContext, Format } from '../format';
import type { Job, RecognitionOutcome, Reference } from '../job';
import { magicComment } from '../magicComment';

export function sniffPeftAdapter(text: string, path: string): boolean {
  return /\.json$/iu.test(path) && /"peft_type"\s*:/u.test(text);
}

/** `adapter_config.json` of PEFT: its base model with the adapter, as a bare model. Without a base it is a fragment. */
export const peftAdapter: Format = {
  kind: 'peft-adapter',
  title: 'PEFT adapter',
  sniff: sniffPeftAdapter,

  read(parsed, context): RecognitionOutcome | null {
    const root = parsed.roots[0];
    if (parsed.syntax !== 'json' || root?.kind !== 'map') return null;
    const type = entryOf(root, 'peft_type');
    if (type?.value.kind !== 'scalar' || typeof type.value.value !== 'string') return null;
    const base = entryOf(root, 'base_model_name_or_path');
    const name = base?.value.kind === 'scalar' ? base.value.value : null;
    if (base === null || typeof name !== 'string' || name === '')
      return {
        outcome: 'fragment',
        kind: 'peft-adapter',
        message: 'This adapter does not name its base model: base_model_name_or_path would complete it.',
        span: base?.keySpan ?? type.keySpan,
      };
    const folder = folderOf(context);
    const reference: Reference = {
      id: 'model:0',
      kind: 'model',
      name: folder,
      revision: null,
      keySpan: base.keySpan,
      valueSpan: base.value.span,
    };
    const draft = new JobDraft();
    draft.addModel(modelSetting({ path: folder }), {
      path: {
        origin: 'exact',
        source: 'this file',
        file: context.path,
        key: base.key,
        keySpan: base.keySpan,
        valueSpan: base.value.span,
      },
    });
    draft.set(
      'inference.contextLength',
      context.contextLength,
      defaultOrigin(`rooflens.contextLength: ${context.contextLength}`),
    );
    const job: Job = {
      ...completeJob(draft),
      anchor: base.keySpan,
      anchorKey: base.key,
      modelReferences: [reference.id],
      declaredTarget: magicComment(parsed.text)?.target ?? null,
    };
    return {
      outcome: 'recognised',
      recognition: {
        kind: 'peft-adapter',
        bareModel: true,
        jobs: [job],
        references: [reference],
        problems: [],
      },
    };
  },

  edits: () => null,
  words: () => '',
};

/** The adapter is looked for where its config lies; the platform goes on to the base model. */
function folderOf({ path }: FileContext): string {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  return folder === '' ? '.' : folder;
}
