import { dirname, join } from 'node:path';
import { plainValue } from '../../core/job/document/configNode';
import { parseJson } from '../../core/job/document/parseJson';
import type { BlueprintOutcome } from '../../core/model/blueprint';
import { blueprintFromConfig } from '../../core/model/blueprintFromConfig';
import { blueprintFromHeader } from '../../core/model/blueprintFromHeader';
import { isRecord } from '../../core/model/configReader';
import { withHeader } from '../../core/model/withHeader';
import { FileTooLarge, readTextIfThere } from '../files/readText';
import { readGgufModel } from '../model/ggufFile';
import { readSafetensorsHeader, readWeightsHeader, type WeightsRead } from '../model/safetensorsFile';
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

/** Reads the config of a model folder, with the weights' headers beside it where there are any. */
export async function readModel(found: FoundModel, context: ResolveContext, steps = 0): Promise<ReadModel> {
  if (found.kind === 'pipeline')
    return unread(found, `${found.path} is a pipeline: name one of its folders`, found.path);
  if (found.kind === 'gguf') return { ...(await readGgufModel(found.path)), source: found.source };
  try {
    return await readFolder(found, context, steps);
  } catch (error) {
    if (!(error instanceof FileTooLarge)) throw error;
    return {
      outcome: { ok: false, reason: error.message, problems: [] },
      source: found.source,
      files: [error.path],
    };
  }
}

async function readFolder(found: FoundModel, context: ResolveContext, steps: number): Promise<ReadModel> {
  const folder = found.kind === 'folder' ? found.path : dirname(found.path);
  const configPath = found.kind === 'config' ? found.path : join(folder, 'config.json');
  const text = await readTextIfThere(configPath);
  const weights = await weightsOf(found);
  if (text === null)
    return weights === null
      ? readAdapter(found, context, steps)
      : {
          outcome: weights.outcome.ok
            ? blueprintFromHeader(weights.outcome.header)
            : { ok: false, reason: weights.outcome.reason, problems: [] },
          source: found.source,
          files: weights.files,
        };
  const config = await withQuantizationFile(parsedConfig(text), folder);
  const outcome: BlueprintOutcome =
    config === null
      ? { ok: false, reason: `${configPath} is not a JSON object`, problems: [] }
      : blueprintFromConfig(config);
  return {
    outcome: withWeights(outcome, weights),
    source: found.source,
    files: [configPath, ...(weights?.files ?? [])],
  };
}

/** A config whose text is at hand (an editor's, perhaps not saved), with what lies beside it in its folder. */
export async function readConfigIn(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  source: string,
): Promise<ReadModel> {
  try {
    const weights = await readWeightsHeader(folder);
    const outcome = blueprintFromConfig(await withQuantizationFile(config, folder));
    return { outcome: withWeights(outcome, weights), source, files: weights?.files ?? [] };
  } catch (error) {
    if (!(error instanceof FileTooLarge)) throw error;
    return { outcome: blueprintFromConfig(config), source, files: [error.path] };
  }
}

/** Headers of the weights of a model; null when there are none. */
async function weightsOf(found: FoundModel): Promise<WeightsRead | null> {
  if (found.kind === 'config') return readWeightsHeader(dirname(found.path));
  if (found.kind !== 'safetensors') return readWeightsHeader(found.path);
  return { outcome: await readSafetensorsHeader(found.path), files: [found.path] };
}

/** Real bytes win over the config; weights that cannot be read leave the config's answer, and that is said. */
function withWeights(outcome: BlueprintOutcome, weights: WeightsRead | null): BlueprintOutcome {
  if (!outcome.ok || weights === null) return outcome;
  const { blueprint } = outcome;
  return {
    ok: true,
    blueprint: weights.outcome.ok
      ? withHeader(blueprint, weights.outcome.header)
      : {
          ...blueprint,
          assumptions: [
            ...blueprint.assumptions,
            `the weights beside the config were not read: ${weights.outcome.reason}`,
          ],
        },
  };
}

/** A folder that holds an adapter alone: its base model gives the shapes. */
async function readAdapter(found: FoundModel, context: ResolveContext, steps: number): Promise<ReadModel> {
  const folder = found.kind === 'folder' ? found.path : dirname(found.path);
  const path = join(folder, 'adapter_config.json');
  const adapter = parsedConfig((await readTextIfThere(path)) ?? '');
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

/** A JSON object as plain values, whatever a strict parser thinks of its NaN and Infinity; null for anything else. */
export function parsedConfig(text: string): Readonly<Record<string, unknown>> | null {
  const root = parseJson(text).roots[0];
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
    const fields = parsedConfig((await readTextIfThere(join(folder, file))) ?? '');
    if (fields === null) continue;
    const inner = isRecord(fields['quantization']) ? fields['quantization'] : fields;
    return { ...config, quantization_config: { quant_method: method, ...inner } };
  }
  return config;
}
