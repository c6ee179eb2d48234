import { bareModel, modelBeside, saidHere } from '../bareModel';
import { defaultOrigin, JobDraft, modelSetting } from '../completeJob';
import { entryOf } from '../document/configNode';
import type { Format } from '../format';
import type { RecognitionOutcome } from '../job';

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
    const reference = modelBeside(context, base);
    const draft = new JobDraft();
    draft.addModel(modelSetting({ path: reference.name }), { path: saidHere(context, base) });
    draft.set(
      'inference.contextLength',
      context.contextLength,
      defaultOrigin(`rooflens.contextLength: ${context.contextLength}`),
    );
    return bareModel(parsed, { kind: 'peft-adapter', draft, anchor: base, reference, problems: [] });
  },

  edits: () => null,
  words: () => '',
};
