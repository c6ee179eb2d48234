import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type Command, Option } from 'commander';
import { formatBytes } from '../core/units/bytes';
import { formatParameters } from '../core/units/counts';
import type { Blueprint, BlueprintOutcome, ConfigProblem } from '../core/model/blueprint';
import { blueprintFromDescription } from '../core/model/descriptions/index';
import { activeParameterCount, checkpointLayout, parameterCount } from '../core/model/parameters';
import { quantizationName } from '../core/model/quantisation/quantizationName';
import { type TensorBytes, weightBytes } from '../core/model/quantisation/weightBytes';
import { FileTooLarge, readText } from '../platform/files/readText';
import { fileAsModel, type FoundModel } from '../platform/resolve/findModel';
import { parsedConfig, readModel } from '../platform/resolve/readModel';
import { answerDocuments, openInput } from './documents';
import { CliFailure } from './failure';
import { alignColumns, formatJson, type OutputOptions, wantsJson } from './output';

type Names = 'library' | 'checkpoint';

interface TensorsOptions extends OutputOptions {
  readonly config?: string;
  readonly names: Names;
}

/** `rooflens tensors`: every tensor of a model, from its config or from the headers of its weights. */
export function registerTensors(program: Command): void {
  program
    .command('tensors')
    .description('every tensor of a model: name, shape and type')
    .argument(
      '[file]',
      'a config.json, params.json or model_config.yaml, a .jsonl of configs, weights (.safetensors, .gguf, .onnx, .keras, an index), or a folder',
    )
    .option('--config <file>', 'the same, or - for standard input')
    .addOption(
      new Option('--names <layout>', "the library's names, or a checkpoint's")
        .choices(['library', 'checkpoint'])
        .default('library'),
    )
    .option('--json', 'print JSON')
    .option('--pretty', 'print JSON for people')
    .action(async (file: string | undefined, options: TensorsOptions) => {
      const path = options.config ?? file;
      if (path === undefined || (options.config !== undefined && file !== undefined))
        throw new CliFailure('tensors takes one FILE, or --config FILE');
      await run(path, options);
    });
}

async function run(path: string, options: TensorsOptions): Promise<void> {
  const print = (document: TensorsDocument): string =>
    wantsJson(options) ? formatJson(document, options) : table(document);
  const documentOf = (outcome: BlueprintOutcome, source: string): TensorsDocument =>
    describe(blueprintOf(outcome, source), options.names);
  if (path === '-' || extname(path) === '.jsonl') {
    const source = path === '-' ? 'standard input' : path;
    await answerDocuments(
      await openInput(path),
      (value) => documentOf(blueprintFromDescription(value), source),
      print,
    );
    return;
  }
  const outcome = options.config === undefined ? await readFile(path) : await readConfig(path);
  const document = documentOf(outcome, path);
  process.stdout.write(print(document));
}

/** A model from a path: its config, its weights, or the folder that holds them. */
async function readFile(path: string): Promise<BlueprintOutcome> {
  const status = await stat(path).catch(() => null);
  if (status === null) throw new CliFailure(`${path} cannot be read: there is no such file`);
  const found: FoundModel | null = status.isDirectory()
    ? { path, kind: 'folder', source: path }
    : fileAsModel(path, path);
  if (found === null) return configOutcome(await sized(() => readText(path)), path);
  const { outcome } = await readModel(found, {
    filePath: null,
    workspaceRoot: null,
    modelOverrides: {},
    environment: process.env,
  });
  return outcome;
}

/** The config alone, whatever lies beside it. */
async function readConfig(path: string): Promise<BlueprintOutcome> {
  const status = await stat(path).catch(() => null);
  if (status?.isFile() !== true) throw new CliFailure(`${path} cannot be read: there is no such file`);
  return configOutcome(await sized(() => readText(path)), path);
}

async function sized<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FileTooLarge) throw new CliFailure(error.message);
    throw error;
  }
}

function configOutcome(text: string, path: string): BlueprintOutcome {
  const config = parsedConfig(text, path);
  if (config === null) throw new CliFailure(`${path} is not an object of JSON or YAML`);
  return blueprintFromDescription(config);
}

function blueprintOf(outcome: BlueprintOutcome, source: string): Blueprint {
  if (outcome.ok) return outcome.blueprint;
  const { reason, problems } = outcome;
  const details = problems.length > 1 ? ` (${problems.slice(1, 4).map(sentence).join('; ')})` : '';
  const named =
    reason.startsWith(`${basename(source)}: `) || reason.startsWith(source) ? reason : `${source}: ${reason}`;
  throw new CliFailure(`${named}${details}`);
}

function sentence({ key, value, expected }: ConfigProblem): string {
  return `${key} ${value === null ? 'is missing' : `is ${value}`}, expected ${expected}`;
}

interface TensorsDocument {
  readonly schema: 1;
  readonly architecture: string;
  readonly library: string;
  readonly parameters: number;
  readonly activeParameters: number;
  readonly weightBytes: number;
  /** How the weights are stored, for people; null = each in its dtype. */
  readonly quantization: string | null;
  /** Of `weightBytes`: `assumed` where the method is not known. */
  readonly weightOrigin: Blueprint['origin'];
  readonly origin: Blueprint['origin'];
  readonly notes: readonly string[];
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly dtype: string;
    readonly tiedTo: string | null;
    /** What the quantisation makes of it, scales and zeros included; absent = nothing. */
    readonly stored?: { readonly format: string; readonly bytes: number };
  }[];
}

function describe(blueprint: Blueprint, names: Names): TensorsDocument {
  const { quantization } = blueprint;
  const weights = weightBytes(blueprint, quantization);
  const stored = new Map<string, TensorBytes>();
  if (quantization !== null)
    for (const each of weights.tensors)
      if (each.quantised && each.tensor.storage === undefined) stored.set(each.tensor.name, each);
  const tensors = names === 'library' ? blueprint.tensors : checkpointLayout(blueprint);
  return {
    schema: 1,
    architecture: blueprint.architecture,
    library: blueprint.library,
    parameters: parameterCount(blueprint),
    activeParameters: activeParameterCount(blueprint),
    weightBytes: weights.total,
    quantization: quantization === null ? null : quantizationName(quantization),
    weightOrigin: weights.origin,
    origin: blueprint.origin,
    notes: [...blueprint.assumptions, ...weights.notes],
    tensors: tensors.map(({ name, shape, dtype, storage, tiedTo }) => {
      const form = stored.get(name);
      return {
        name,
        shape,
        dtype: dtype ?? storage?.type ?? blueprint.dtype,
        tiedTo,
        ...(form === undefined ? {} : { stored: { format: form.format, bytes: form.bytes } }),
      };
    }),
  };
}

function table(document: TensorsDocument): string {
  const { architecture, library, parameters, weightBytes: bytes, quantization, notes, tensors } = document;
  const rows = tensors.map(({ name, shape, dtype, tiedTo, stored }) => {
    const type = stored === undefined ? dtype : `${stored.format} ${formatBytes(stored.bytes)}`;
    return [name, shape.join(' × '), tiedTo === null ? type : `${dtype}, shared with ${tiedTo}`];
  });
  const method = quantization === null ? '' : ` in ${quantization}`;
  const head = `${architecture} (${library}): ${parameters} parameters (${formatParameters(parameters)}), weights ${formatBytes(bytes)}${method}`;
  return `${[head, ...notes, '', alignColumns(rows)].join('\n')}\n`;
}
