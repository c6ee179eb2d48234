import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type Command, Option } from 'commander';
import { formatBytes } from '../core/units/bytes';
import { formatParameters } from '../core/units/counts';
import type { Blueprint, BlueprintOutcome, ConfigProblem } from '../core/model/blueprint';
import { blueprintFromDescription } from '../core/model/descriptions/index';
import { activeParameterCount, checkpointLayout, parameterCount } from '../core/model/parameters';
import { weightBytes } from '../core/model/quantisation/weightBytes';
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
  const named = reason.startsWith(`${basename(source)}: `) ? reason : `${source}: ${reason}`;
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
  readonly origin: Blueprint['origin'];
  readonly notes: readonly string[];
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly dtype: string;
    readonly tiedTo: string | null;
  }[];
}

function describe(blueprint: Blueprint, names: Names): TensorsDocument {
  const tensors = names === 'library' ? blueprint.tensors : checkpointLayout(blueprint);
  return {
    schema: 1,
    architecture: blueprint.architecture,
    library: blueprint.library,
    parameters: parameterCount(blueprint),
    activeParameters: activeParameterCount(blueprint),
    weightBytes: weightBytes(blueprint, blueprint.quantization).total,
    origin: blueprint.origin,
    notes: blueprint.assumptions,
    tensors: tensors.map(({ name, shape, dtype, storage, tiedTo }) => ({
      name,
      shape,
      dtype: dtype ?? storage?.type ?? blueprint.dtype,
      tiedTo,
    })),
  };
}

function table(document: TensorsDocument): string {
  const { architecture, library, parameters, weightBytes: bytes, notes, tensors } = document;
  const rows = tensors.map(({ name, shape, dtype, tiedTo }) => [
    name,
    shape.join(' × '),
    tiedTo === null ? dtype : `${dtype}, shared with ${tiedTo}`,
  ]);
  const head = `${architecture} (${library}): ${parameters} parameters (${formatParameters(parameters)}), weights ${formatBytes(bytes)}`;
  return `${[head, ...notes, '', alignColumns(rows)].join('\n')}\n`;
}
