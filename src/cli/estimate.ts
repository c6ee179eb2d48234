import type { Command } from 'commander';
import { extname, resolve } from 'node:path';
import type { Analysis, AnalysisRequest } from '../core/finding/analysis';
import type { EstimateResult } from '../core/finding/result';
import { analyseText } from '../platform/analysis';
import { FileTooLarge, readText } from '../platform/files/readText';
import { weightFormatOf } from '../platform/model/weightFormats';
import { requestFrame, type AnalysisOptions, type RequestFrame } from './analysisOptions';
import { answerDocuments, openInput } from './documents';
import { estimateText } from './estimateText';
import { CliFailure } from './failure';
import { modelJob } from './modelJob';
import { formatJson, printText, wantsJson, type OutputOptions } from './output';

interface EstimateOptions extends AnalysisOptions, OutputOptions {
  readonly job?: string;
  readonly model?: string;
  readonly set: Readonly<Record<string, unknown>>;
}

/** What `estimate --json` prints for one document. */
interface EstimateAnswer {
  readonly schema: 1;
  readonly results: readonly EstimateResult[];
}

type Answered = Extract<Analysis, { outcome: 'analysed' }>;

export function registerEstimate(program: Command): void {
  program
    .command('estimate')
    .description('say of one file or job whether it fits, how fast it runs and what to change')
    .argument('[file]', 'any file that Rooflens reads')
    .option('--model <path>', 'a model by itself: its folder, its config or its weights')
    .option('--job <file>', 'a job document, several as JSON lines, or - for standard input')
    .option('--target <target>', 'hardware, e.g. rtx4090, "2x a100 80gb", local, cpu')
    .option('--context <tokens>', 'context length that bare models are read with')
    .option(
      '--set <path=value>',
      'give a setting of the job another value, e.g. training.microBatch=2',
      assignment,
      {},
    )
    .option('--json', 'print JSON on one line')
    .option('--pretty', 'print indented JSON')
    .action(async (file: string | undefined, options: EstimateOptions) => {
      if ([file, options.job, options.model].filter((one) => one !== undefined).length !== 1)
        throw new CliFailure('name one file, a model with --model, or a job document with --job');
      const frame = await requestFrame(options);
      if (options.job !== undefined) await estimateJobs(options.job, frame, options);
      else if (options.model !== undefined) await estimateModel(options.model, frame, options);
      else if (file !== undefined) await estimateFile(file, frame, options);
    });
}

/** `training.microBatch=2`: the value is JSON where it can be, else a string. */
function assignment(
  text: string,
  before: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new CliFailure(`--set ${text}: expected PATH=VALUE, e.g. training.microBatch=2`);
  return { ...before, [text.slice(0, equals)]: jsonOrText(text.slice(equals + 1)) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function estimateFile(file: string, frame: RequestFrame, options: EstimateOptions): Promise<void> {
  const path = resolve(file);
  if (weightFormatOf(path) !== null) {
    await estimateModel(path, frame, options);
    return;
  }
  const text = await readText(path).catch((error: unknown) => {
    if (error instanceof FileTooLarge) throw new CliFailure(error.message);
    throw new CliFailure(`${path} cannot be read`);
  });
  const analysis = await answered({ ...frame, text, path, workspaceRoot: process.cwd(), set: options.set });
  print(analysis, options);
}

/** A model by itself: run as it is. */
async function estimateModel(path: string, frame: RequestFrame, options: EstimateOptions): Promise<void> {
  const job = await modelJob(resolve(path), frame.settings.contextLength);
  if (job.outcome !== 'job') throw new CliFailure(job.message);
  const { text } = job;
  // Its text is ours, so nothing in it has a place in the file.
  const request = { ...frame, text, path: '', kind: 'job', workspaceRoot: process.cwd(), set: options.set };
  print(await answered(request), options);
}

/** Job documents: one, or several a line each, answered as they come. */
async function estimateJobs(source: string, frame: RequestFrame, options: EstimateOptions): Promise<void> {
  const path = source === '-' ? '' : resolve(source);
  const answer = (value: unknown): Promise<Answered> =>
    answered({
      ...frame,
      text: JSON.stringify(value),
      path,
      kind: 'job',
      workspaceRoot: process.cwd(),
      set: options.set,
    });
  const streamed = source === '-' || extname(source) === '.jsonl';
  // A document in a file keeps its own text, so that lines and spans are the file's.
  if (!streamed) {
    const text = await readText(path).catch(() => {
      throw new CliFailure(`${path} cannot be read`);
    });
    print(
      await answered({ ...frame, text, path, kind: 'job', workspaceRoot: process.cwd(), set: options.set }),
      options,
    );
    return;
  }
  const asAnswer = async (value: unknown): Promise<EstimateAnswer> => answerOf(await answer(value));
  await answerDocuments(await openInput(source), asAnswer, (one) =>
    wantsJson(options) ? formatJson(one, options) : one.results.map(resultText).join(''),
  );
}

/** @throws CliFailure for a text that is not ours, cannot be read, names no model, or has settings that cannot be. */
async function answered(request: AnalysisRequest): Promise<Answered> {
  const analysis = await analyseText(request);
  const name = request.path === '' ? '' : `${request.path}: `;
  switch (analysis.outcome) {
    case 'not-ours':
      throw new CliFailure(`${name}this is no model or job config that Rooflens reads`);
    case 'unreadable':
    case 'fragment':
      throw new CliFailure(name + analysis.message);
    case 'analysed': {
      const [problem] = analysis.problems;
      if (problem !== undefined && analysis.kind === 'job') throw new CliFailure(name + problem.message);
      return analysis;
    }
  }
}

function resultText(result: EstimateResult): string {
  return estimateText({ result, variants: null });
}

function answerOf(analysis: Answered): EstimateAnswer {
  return { schema: 1, results: analysis.jobs.map((job) => job.result) };
}

function print(analysis: Answered, options: EstimateOptions): void {
  if (wantsJson(options)) {
    process.stdout.write(formatJson(answerOf(analysis), options));
    return;
  }
  for (const job of analysis.jobs) printText(estimateText(job));
}
