import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { plainValue } from '../../core/job/document/configNode';
import { parseText } from '../../core/job/document/parseText';
import { peftTensors } from '../../core/estimate/terms/peftTensors';
import { knownModel } from '../../core/job/knownModels';
import {
  adapterTensors,
  adapterTitle,
  parseAdapterConfig,
  withAdapter,
  type AdapterConfig,
} from '../../core/model/adapter';
import type { Blueprint, BlueprintOutcome } from '../../core/model/blueprint';
import { blueprintFromHeader } from '../../core/model/blueprintFromHeader';
import { isRecord } from '../../core/model/configReader';
import {
  blueprintFromDescription,
  descriptionNames,
  descriptionOf,
} from '../../core/model/descriptions/index';
import { withSizes } from '../../core/model/weightSizes';
import { withHeader } from '../../core/model/withHeader';
import { FileTooLarge, readTextIfThere } from '../files/readText';
import type { HeaderOutcome } from '../../core/model/safetensors';
import { readSafetensorsHeader } from '../model/safetensorsFile';
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
  for (const name of ['config.json', ...descriptionNames]) {
    const path = join(folder, name);
    const text = await readTextIfThere(path);
    if (text === null) continue;
    // Others call their parameters params.json too.
    if (name === 'config.json' || descriptionOf(parsedConfig(text, path)) !== null) return { path, text };
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

/** A folder that holds an adapter: its base model, with the adapter's own weights. */
async function readAdapter(found: FoundModel, context: ResolveContext, steps: number): Promise<ReadModel> {
  const folder = found.kind === 'folder' ? found.path : dirname(found.path);
  const path = join(folder, 'adapter_config.json');
  const text = await readTextIfThere(path);
  if (text === null) return unread(found, `${found.path} holds no config.json`, path);
  const parsed = parseAdapterConfig(parsedConfig(text, path));
  if (!parsed.ok) return unread(found, `${path}: ${parsed.reason}`, path);
  const { adapter } = parsed;
  const weightsPath = join(folder, 'adapter_model.safetensors');
  const weights = (await isFile(weightsPath)) ? await readSafetensorsHeader(weightsPath) : null;
  if (adapter.base === null)
    return withoutBase(found, adapter, weights, `${path} does not name its base model`, path);
  if (steps >= mostAdapterSteps)
    return unread(found, `${path} names a base model that leads back to itself`, path);
  const base = await baseModel(adapter.base, { ...context, filePath: path }, steps);
  if (base === null)
    return withoutBase(
      found,
      adapter,
      weights,
      `the base model ${adapter.base} of ${path} is not on this machine`,
      path,
    );
  const { outcome } = base;
  return {
    outcome: outcome.ok ? { ok: true, blueprint: adapted(outcome.blueprint, adapter, weights) } : outcome,
    source: base.source,
    files: [path, ...(weights === null ? [] : [weightsPath]), ...base.files],
  };
}

/** The model that an adapter belongs to: on this machine, else one whose shapes are known by its name. */
async function baseModel(name: string, context: ResolveContext, steps: number): Promise<ReadModel | null> {
  const next = await findModel(name, null, context);
  if (next !== null) return readModel(next, context, steps + 1);
  const known = knownModel(name);
  if (known === null) return null;
  const outcome = blueprintFromDescription(known.config);
  return {
    outcome:
      outcome.ok && known.quantization !== null
        ? { ok: true, blueprint: { ...outcome.blueprint, quantization: known.quantization } }
        : outcome,
    source: `the built-in table (${known.id})`,
    files: [],
  };
}

/** Real bytes win over the adapter's config, and which it was is said. */
function adapted(base: Blueprint, adapter: AdapterConfig, weights: HeaderOutcome | null): Blueprint {
  const title = adapterTitle(adapter);
  if (weights?.ok === true) {
    const { tensors, totalBytes } = weights.header;
    const remark = `${title}: ${tensors.length} tensors, ${totalBytes} bytes as adapter_model.safetensors holds them`;
    return withAdapter(base, adapterTensors(weights.header), remark);
  }
  const because = weights === null ? 'its weights are not there' : weights.reason;
  return adapter.lora === null
    ? withAdapter(base, [], `${title}: ${because}, and its size is not counted`)
    : withAdapter(
        base,
        peftTensors(base, adapter.lora),
        `${title}: ${because}, counted from its config in fp32`,
      );
}

/** An adapter alone: its tensors can be listed, but it runs on nothing. */
function withoutBase(
  found: FoundModel,
  adapter: AdapterConfig,
  weights: HeaderOutcome | null,
  reason: string,
  path: string,
): ReadModel {
  const alone = weights?.ok === true ? blueprintFromHeader(weights.header, 'peft') : null;
  if (alone?.ok !== true) return unread(found, reason, path);
  const { blueprint } = alone;
  return {
    outcome: {
      ok: true,
      blueprint: { ...blueprint, assumptions: [adapterTitle(adapter), reason], notRunnable: reason },
    },
    source: found.source,
    files: [path],
  };
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
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
