import { Option, type Command } from 'commander';
import { basename, dirname, relative, resolve } from 'node:path';
import type { Analysis } from '../core/finding/analysis';
import type { Finding } from '../core/finding/finding';
import type { Verdict } from '../core/finding/result';
import { sniffs } from '../core/job/sniff';
import { ggufParts } from '../core/model/ggufSplit';
import { lineAt } from '../core/units/span';
import { analyseText } from '../platform/analysis';
import { FileTooLarge, readText } from '../platform/files/readText';
import { walkFiles } from '../platform/files/walkFiles';
import { weightFormatOf, weightsInFolder } from '../platform/model/weightFormats';
import { isDescribed } from '../platform/resolve/findModel';
import { requestFrame, type AnalysisOptions, type RequestFrame } from './analysisOptions';
import { githubReport, sarifReport, textReport, type CheckFinding, type CheckReport } from './checkReports';
import { CliFailure, exitCode } from './failure';
import { printJson, printText, wantsJson, type OutputOptions } from './output';
import { version } from './version';
import { modelJob } from './modelJob';

interface CheckOptions extends AnalysisOptions, OutputOptions {
  readonly sarif?: boolean;
  readonly github?: boolean;
  readonly failOn: 'exceeds' | 'tight' | 'unknown';
}

/** Verdicts that end with exit code 1, by `--fail-on`: each choice is stricter than the one before. */
const failing: Readonly<Record<CheckOptions['failOn'], readonly Verdict[]>> = {
  exceeds: ['exceeds'],
  tight: ['exceeds', 'tight'],
  unknown: ['exceeds', 'tight', 'unknown'],
};

/** Only these can be configs that Rooflens reads; anything else is not opened. */
const readableEndings = /\.(?:json|jsonc|ya?ml|toml)$/iu;

export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('say of every config under files and folders whether it fits; .gitignore is honoured')
    .argument('<path...>', 'files and folders')
    .option('--target <target>', 'hardware, e.g. rtx4090, "2x a100 80gb", local, cpu')
    .option('--context <tokens>', 'context length that bare models are read with')
    .option('--json', 'print JSON on one line')
    .option('--pretty', 'print indented JSON')
    .option('--sarif', 'print SARIF 2.1.0')
    .option('--github', 'print annotations for a GitHub workflow')
    .addOption(
      new Option('--fail-on <verdict>', 'end with exit code 1 from this verdict on')
        .choices(['exceeds', 'tight', 'unknown'])
        .default('exceeds'),
    )
    .action(async (paths: readonly string[], options: CheckOptions) => {
      const report = await check(paths, options);
      print(report, options);
      if (report.findings.some((finding) => failing[options.failOn].includes(finding.verdict)))
        process.exitCode = exitCode.exceeds;
    });
}

/** Walks the paths and analyses what is recognised. @throws CliFailure for a path or target that does not exist. */
async function check(paths: readonly string[], options: CheckOptions): Promise<CheckReport> {
  const frame = await requestFrame(options);
  const findings: CheckFinding[] = [];
  let files = 0;
  let recognised = 0;
  const named = new Set(paths.map((path) => resolve(path)));
  for await (const path of existing(paths)) {
    files++;
    const found =
      weightFormatOf(path) !== null
        ? await checkWeights(path, named.has(path), frame)
        : readableEndings.test(path)
          ? await checkFile(path, (text) =>
              analyseText({ ...frame, text, path, workspaceRoot: process.cwd() }),
            )
          : null;
    if (found === null) continue;
    recognised++;
    findings.push(...found);
  }
  return { schema: 1, files, recognised, findings };
}

async function* existing(paths: readonly string[]): AsyncGenerator<string> {
  try {
    yield* walkFiles(paths);
  } catch (error) {
    throw new CliFailure(error instanceof Error ? error.message : String(error));
  }
}

/** Findings of one file; null = not ours. A file of one of our names that is too large to be a config says so. */
async function checkFile(
  path: string,
  analyse: (text: string) => Promise<Analysis>,
): Promise<readonly CheckFinding[] | null> {
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    // Large data files are no configs; a file that may not be read is nobody's.
    if (!(error instanceof FileTooLarge) || !/(?:^|[\\/])config\.json$/u.test(path)) return null;
    return [
      {
        file: path,
        line: 1,
        kind: 'hf-config',
        verdict: 'unknown',
        message: error.message,
        code: 'unreadable-config',
        remedies: [],
      },
    ];
  }
  if (!sniffs(text, path)) return null;
  const analysis = await analyse(text);
  switch (analysis.outcome) {
    case 'not-ours':
      return null;
    case 'unreadable':
    case 'fragment':
      return analysis.findings.map((finding) => asChecked(finding, path, text, analysis.kind));
    case 'analysed':
      return analysis.jobs.flatMap((job) =>
        job.findings.map((finding) => asChecked(finding, path, text, analysis.kind)),
      );
  }
}

/**
 * What is said of a file of weights. In a folder that is walked it is passed over where something else there stands for
 * the model: its config, the first part, the index of its shards.
 */
async function checkWeights(
  path: string,
  named: boolean,
  frame: RequestFrame,
): Promise<readonly CheckFinding[] | null> {
  if (!named && !(await standsForModel(path))) return null;
  const kind = weightFormatOf(path)?.name ?? 'weights';
  const said = (verdict: Verdict, message: string, code: string | null): readonly CheckFinding[] => [
    { file: path, line: 1, kind, verdict, message, code, remedies: [] },
  ];
  const job = await modelJob(path, frame.settings.contextLength);
  if (job.outcome === 'fragment') return said('unknown', job.message, 'fragment');
  if (job.outcome === 'unreadable') return said('unknown', job.message, 'unreadable-config');
  // A model that was given no task by anyone: facts, and nothing to change.
  const analysis = await analyseText({
    ...frame,
    text: job.text,
    path: '',
    kind: 'job',
    workspaceRoot: process.cwd(),
  });
  if (analysis.outcome !== 'analysed') return said('unknown', analysis.outcome, 'unreadable-config');
  return analysis.jobs.flatMap(({ result }) => said(result.verdict, result.reason, null));
}

async function standsForModel(path: string): Promise<boolean> {
  const folder = dirname(path);
  const name = basename(path);
  const parts = ggufParts(name);
  if (parts !== null) return parts[0] === name;
  if (/\.gguf$/iu.test(name) || /\.(?:onnx|keras)$/iu.test(name)) return true;
  // Most such files have names of their own, and are not looked at any further.
  if (weightFormatOf(path)?.inFolder(new Set([name])) !== name) return false;
  // Of tensors in other files, the one that stands for the folder, and only where no config does.
  return (await weightsInFolder(folder)) === path && !(await isDescribed(folder));
}

function asChecked(finding: Finding, file: string, text: string, kind: string): CheckFinding {
  const { verdict, message, code, remedies } = finding;
  return { file, line: lineAt(text, finding.span.start), kind, verdict, message, code, remedies };
}

function print(report: CheckReport, options: CheckOptions): void {
  const short = (path: string): string => relative(process.cwd(), path) || path;
  if (options.sarif === true) printJson(sarifReport(report, version), options);
  else if (options.github === true) printText(githubReport(report, short));
  else if (wantsJson(options)) printJson(report, options);
  else printText(textReport(report, short));
}
