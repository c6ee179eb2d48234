import type { Blueprint, BlueprintOutcome } from '../../core/model/blueprint';
import { blueprintFromDescription } from '../../core/model/descriptions/index';
import { MAX_CONFIG_BYTES } from '../../core/job/document/limits';
import { readOpenFile, type FileRead } from './openFile';
import type { WeightFormat } from './weightFormat';
import { readZip } from './zipArchive';

/** Keras 3 models: a zip archive with the config, the weights and a note of the version. */
export const keras: WeightFormat = {
  name: 'Keras',
  engine: null,
  takes: (fileName) => /\.keras$/iu.test(fileName),
  inFolder(names) {
    const models = [...names].filter((name) => /\.keras$/iu.test(name));
    return models.length === 1 ? (models[0] ?? null) : null;
  },
  async read(path) {
    const read = await readKerasFile(path);
    const outcome: BlueprintOutcome = read.ok
      ? { ok: true, blueprint: read.value }
      : { ok: false, reason: read.reason, problems: [] };
    return { contents: { kind: 'model', outcome }, files: [path] };
  },
};

/** The model of a `.keras` file, with what its archive says of the weights' size. */
export function readKerasFile(path: string): Promise<FileRead<Blueprint>> {
  return readOpenFile(path, async ({ handle, size }) => {
    const archive = await readZip(handle, size, { name: 'config.json', longest: MAX_CONFIG_BYTES });
    if (typeof archive === 'string') return { ok: false, reason: archive };
    if (archive.text === null) return { ok: false, reason: 'is an archive without a config.json' };
    let fields: unknown;
    try {
      fields = JSON.parse(archive.text);
    } catch {
      return { ok: false, reason: 'its config.json is not JSON' };
    }
    const outcome = blueprintFromDescription(fields);
    if (!outcome.ok) return { ok: false, reason: outcome.reason };
    const weights = archive.entries.find(({ name }) => name.endsWith('.weights.h5'));
    const { blueprint } = outcome;
    return {
      ok: true,
      value: {
        ...blueprint,
        assumptions: [
          ...blueprint.assumptions,
          weights === undefined
            ? 'the archive holds no weights'
            : `${weights.name} takes ${weights.bytes} bytes, an optimizer's state included where it was saved`,
        ],
      },
    };
  });
}
