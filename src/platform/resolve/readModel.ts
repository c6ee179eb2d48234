import { dirname, join } from 'node:path';
import { plainValue } from '../../core/job/document/configNode';
import { parseText } from '../../core/job/document/parseText';
import type { BlueprintOutcome } from '../../core/model/blueprint';
import { blueprintFromHeader } from '../../core/model/blueprintFromHeader';
import { isRecord } from '../../core/model/configReader';
import { blueprintFromDescription, descriptions } from '../../core/model/descriptions/index';
import { withSizes } from '../../core/model/weightSizes';
import { withHeader } from '../../core/model/withHeader';
import { FileTooLarge, readTextIfThere } from '../files/readText';
import type { WeightsRead } from '../model/weightFormat';
import { readWeightFile, weightsInFolder } from '../model/weightFormats';
import { findModel, type FoundModel, type ResolveContext } from './findModel';

/** A model that was found, read as far as its files tell. */
export interface ReadModel {
  readonly outcome: BlueprintOutcome;
  /** For people: where the shapes come from. */
  readonly source: string;
  /** Files that were read, absolute. */
  readonly files: readonly string[];
}

/** Adapters of adapters of adapters: further than this nobody goes, and a loop ends. */
const mostAdapterSteps = 4;

/** Reads what describes a model, with the weights beside it where there are any. */
export async function readModel(found: FoundModel, context: ResolveContext, steps = 0): Promise<ReadModel> {
  if (found.kind === 'pipeline')
    return unread(found, `${found.path} is a pipeline: name one of its folders`, found.path);
  try {
    return await readFound(found, context, steps);
  } catch (error) {
    if (!(error instanceof FileTooLarge)) throw error;
    return {
      outcome: { ok: false, reason: error.message, problems: [] },
      source: found.source,
      files: [error.path],
    };
  }
}

async function readFound(found: FoundModel, context: ResolveContext, steps: number): Promise<ReadModel> {
  const folder = found.kind === 'folder' ? found.path : dirname(found.path);
  const weightsPath = found.kind === 'weights' ? found.path : await weightsInFolder(folder);
  const weights = weightsPath === null ? null : await readWeightFile(weightsPath);
  // A file that is a whole model says more of itself than what lies beside it.
  if (found.kind === 'weights' && weights?.contents.kind === 'model')
    return { outcome: weights.contents.outcome, source: found.source, files: weights.files };
  const config =
    found.kind === 'config'
      ? await readTextIfThere(found.path).then((text) => (text === null ? null : { path: found.path, text }))
      : await describedIn(folder);
  if (config === null)
    return weights === null
      ? readAdapter(found, context, steps)
      : { outcome: aloneOutcome(weights), source: found.source, files: weights.files };
  const fields = await withQuantizationFile(parsedConfig(config.text, config.path), folder);
  const outcome: BlueprintOutcome =
    fields === null
      ? { ok: false, reason: `${config.path} is not a JSON object`, problems: [] }
      : blueprintFromDescription(fields);
  return {
    outcome: withWeights(outcome, weights),
    source: found.source,
    files: [config.path, ...(weights?.files ?? [])],
  };
}

/** The text that describes the model of a folder: its config, else a description under its usual name. */
async function describedIn(folder: string): Promise<{ readonly path: string; readonly text: string } | null> {
  for (const name of new Set(['config.json', ...descriptions.map(({ fileName }) => fileName)])) {
    const path = join(folder, name);
    const text = await readTextIfThere(path);
    if (text !== null) return { path, text };
  }
  return null;
}

/** What weights without a config tell. */
function aloneOutcome({ contents }: WeightsRead): BlueprintOutcome {
  switch (contents.kind) {
    case 'model':
      return contents.outcome;
    case 'tensors':
      return blueprintFromHeader(contents.header, contents.library);
    case 'sizes':
      return {
        ok: false,
        reason: `${contents.sizes.source} says ${contents.sizes.totalBytes} bytes of weights; without a config beside it their shapes are not known`,
        problems: [],
      };
    case 'unreadable':
      return { ok: false, reason: contents.reason, problems: [] };
  }
}

/** A config whose text is at hand (an editor's, perhaps not saved), with what lies beside it in its folder. */
export async function readConfigIn(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  source: string,
): Promise<ReadModel> {
  try {
    const path = await weightsInFolder(folder);
    const weights = path === null ? null : await readWeightFile(path);
    const outcome = blueprintFromDescription(await withQuantizationFile(config, folder));
    return { outcome: withWeights(outcome, weights), source, files: weights?.files ?? [] };
  } catch (error) {
    if (!(error instanceof FileTooLarge)) throw error;
    return { outcome: blueprintFromDescription(config), source, files: [error.path] };
  }
}

/** Real bytes win over the config; weights that cannot be read leave the config's answer, and that is said. */
function withWeights(outcome: BlueprintOutcome, weights: WeightsRead | null): BlueprintOutcome {
  if (!outcome.ok || weights === null) return outcome;
  const { blueprint } = outcome;
  switch (weights.contents.kind) {
    case 'tensors':
      return { ok: true, blueprint: withHeader(blueprint, weights.contents.header) };
    case 'sizes':
      return { ok: true, blueprint: withSizes(blueprint, weights.contents.sizes) };
    case 'unreadable':
      return {
        ok: true,
        blueprint: {
          ...blueprint,
          assumptions: [
            ...blueprint.assumptions,
            `the weights beside the config were not read: ${weights.contents.reason}`,
          ],
        },
      };
    case 'model':
      // Another form of the same model: the config is what was asked for.
      return outcome;
  }
}

/** A folder that holds an adapter alone: its base model gives the shapes. */
async function readAdapter(found: FoundModel, context: ResolveContext, steps: number): Promise<ReadModel> {
  const folder = found.kind === 'folder' ? found.path : dirname(found.path);
  const path = join(folder, 'adapter_config.json');
  const adapter = parsedConfig((await readTextIfThere(path)) ?? '', path);
  const base = adapter?.['base_model_name_or_path'];
  if (typeof base !== 'string' || base === '')
    return unread(found, `${found.path} holds no config.json`, path);
  if (steps >= mostAdapterSteps)
    return unread(found, `${path} names a base model that leads back to itself`, path);
  const next = await findModel(base, null, { ...context, filePath: path });
  if (next === null) return unread(found, `the base model ${base} of ${path} is not on this machine`, path);
  const read = await readModel(next, context, steps + 1);
  return { ...read, files: [path, ...read.files] };
}

function unread(found: FoundModel, reason: string, path: string): ReadModel {
  return { outcome: { ok: false, reason, problems: [] }, source: found.source, files: [path] };
}

/**
 * The fields of a text in the syntax that its name says, whatever a strict parser thinks of NaN and Infinity; null when it
 * is no object.
 */
export function parsedConfig(text: string, path = 'config.json'): Readonly<Record<string, unknown>> | null {
  const root = parseText(text, path).roots[0];
  const value = root === undefined ? null : plainValue(root);
  return isRecord(value) ? value : null;
}

/**
 * Some repositories keep what was done to the weights in a file of its own: modelopt in hf_quant_config.json, early GPTQ
 * in quantize_config.json, early AWQ in quant_config.json. Without it a 4-bit model would read as 16-bit.
 */
async function withQuantizationFile(
  config: Readonly<Record<string, unknown>> | null,
  folder: string,
): Promise<Readonly<Record<string, unknown>> | null> {
  if (config === null || isRecord(config['quantization_config'])) return config;
  for (const [file, method] of [
    ['hf_quant_config.json', 'modelopt'],
    ['quantize_config.json', 'gptq'],
    ['quant_config.json', 'awq'],
  ] as const) {
    const fields = parsedConfig((await readTextIfThere(join(folder, file))) ?? '', file);
    if (fields === null) continue;
    const inner = isRecord(fields['quantization']) ? fields['quantization'] : fields;
    return { ...config, quantization_config: { quant_method: method, ...inner } };
  }
  return config;
}
