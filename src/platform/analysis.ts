import { dirname } from 'node:path';
import { answer, type AnswerInput } from '../core/finding/answer';
import type { AnalysedJob, Analysis, AnalysisRequest, WhatIf } from '../core/finding/analysis';
import { bareVariants } from '../core/finding/bareModel';
import type { Finding } from '../core/finding/finding';
import { findingsFor } from '../core/finding/findings';
import type { EstimateResult, Remedy } from '../core/finding/result';
import { fragmentFinding } from '../core/finding/rules/fragment';
import { settingProblemFinding } from '../core/finding/rules/impossibleValue';
import { unreadableConfigFinding } from '../core/finding/rules/unreadableConfig';
import { hasWhatIf, whatIf as whatIfAt } from '../core/finding/whatIf';
import type { Target } from '../core/hardware/target';
import type { ParsedText } from '../core/job/document/configNode';
import type { FileContext, Format } from '../core/job/format';
import type { Job, JobPath, Recognition } from '../core/job/job';
import type { ResolvedModel } from '../core/job/resolvedModel';
import { parseText } from '../core/job/document/parseText';
import { setPaths } from '../core/job/setPaths';
import { formatOf, readAs, recognise } from '../core/job/recognise';
import { lineAt, type Span } from '../core/units/span';
import { findTarget } from './findTarget';
import type { ResolveContext } from './resolve/findModel';
import { joinFiles } from './resolve/joinFiles';
import { resolveModels } from './resolve/resolveModels';

export { catalogueTargets } from '../core/hardware/catalogueTargets';
export { walkFiles } from './files/walkFiles';
export { findTarget };

/** A recognised document with everything that was looked up for it. */
interface Prepared {
  readonly format: Format;
  readonly parsed: ParsedText;
  readonly file: FileContext;
  readonly recognition: Recognition;
  readonly jobs: readonly PreparedJob[];
  readonly files: readonly string[];
  readonly targetProblem: string | null;
}

interface PreparedJob {
  readonly job: Job;
  readonly models: readonly ResolvedModel[];
  readonly target: Target;
}

type Preparation = { readonly prepared: Prepared } | { readonly analysis: Analysis };

/** Everything that Rooflens says about a text. Never throws for what stands in the text; reads files, starts nothing. */
export async function analyseText(request: AnalysisRequest): Promise<Analysis> {
  const preparation = await prepare(request);
  if ('analysis' in preparation) return preparation.analysis;
  const { prepared } = preparation;
  const { format, recognition } = prepared;
  return {
    outcome: 'analysed',
    kind: format.kind,
    title: format.title,
    bareModel: recognition.bareModel,
    jobs: prepared.jobs.map((one) => analysedJob(one, prepared, request)),
    references: recognition.references,
    problems: recognition.problems,
    targetProblem: prepared.targetProblem,
    dependencies: prepared.files,
  };
}

/** What the key at an offset (UTF-16) of the text costs and what its neighbours would; null = no such key there. */
export async function whatIf(request: AnalysisRequest, offset: number): Promise<WhatIf | null> {
  const preparation = await prepare(request);
  if ('analysis' in preparation) return null;
  const { prepared } = preparation;
  for (const one of prepared.jobs) {
    const path = pathAt(one.job, request.path, offset);
    if (path === null) continue;
    const result = answer({ ...answerInput(one, prepared, request), brief: true });
    const table = whatIfAt({ ...one, result, headroomBytes: request.settings.headroomBytes }, path);
    if (table === null) return null;
    const edits = (value: unknown): WhatIf['rows'][number]['edits'] =>
      prepared.format.edits(prepared.parsed, prepared.file, one.job, { [path]: value });
    return {
      ...table,
      rows: table.rows.map((row) => (row.current ? row : { ...row, edits: edits(row.value) })),
    };
  }
  return null;
}

async function prepare(request: AnalysisRequest): Promise<Preparation> {
  const file: FileContext = { path: request.path, contextLength: request.settings.contextLength };
  const given = request.kind === undefined ? null : formatOf(request.kind);
  const { outcome, format, parsed } =
    given === null
      ? recognise(request.text, file)
      : readAs(given, parseText(request.text, request.path), file);
  if (format === null || parsed === null) return { analysis: { outcome: 'not-ours' } };
  const { kind, title } = format;
  switch (outcome.outcome) {
    case 'not-ours':
      return { analysis: { outcome: 'not-ours' } };
    case 'unreadable':
    case 'fragment': {
      const { message, span } = outcome;
      if (outcome.outcome === 'unreadable') return { analysis: unreadable(kind, title, message, span) };
      const findings = [fragmentFinding(message, span)];
      return { analysis: { outcome: 'fragment', kind, title, message, span, findings } };
    }
    case 'recognised': {
      const { joined, files } = await joinFiles(outcome.recognition.references, resolveContext(request));
      const complete: FileContext = files.length === 0 ? file : { ...file, joined };
      const again = files.length === 0 ? null : format.read(parsed, complete);
      const recognition = again?.outcome === 'recognised' ? again.recognition : outcome.recognition;
      const changed = withSettings(recognition, request.set ?? {});
      if (typeof changed === 'string') return { analysis: unreadable(kind, title, changed) };
      const prepared = await lookUp(request, format, parsed, complete, changed);
      return { prepared: { ...prepared, files: [...prepared.files, ...files] } };
    }
  }
}

function unreadable(
  kind: string,
  title: string,
  message: string,
  span: Span = { start: 0, end: 0 },
): Analysis {
  return {
    outcome: 'unreadable',
    kind,
    title,
    message,
    span,
    findings: [unreadableConfigFinding(message, span)],
  };
}

/** The recognition with settings changed in every job, or the sentence that says which cannot be. */
function withSettings(
  recognition: Recognition,
  set: Readonly<Record<JobPath, unknown>>,
): Recognition | string {
  if (Object.keys(set).length === 0) return recognition;
  const jobs: Job[] = [];
  for (const job of recognition.jobs) {
    const changed = setPaths(job, set, '--set');
    if (!changed.ok) return changed.message;
    jobs.push({ ...job, ...changed.job });
  }
  return { ...recognition, jobs };
}

function resolveContext(request: AnalysisRequest): ResolveContext {
  return {
    filePath: request.path === '' ? null : request.path,
    workspaceRoot: request.workspaceRoot,
    modelOverrides: request.modelOverrides,
    environment: request.environment,
  };
}

async function lookUp(
  request: AnalysisRequest,
  format: Format,
  parsed: ParsedText,
  file: FileContext,
  recognition: Recognition,
): Promise<Prepared> {
  const context = resolveContext(request);
  const jobs: PreparedJob[] = [];
  const files = new Set<string>();
  let targetProblem: string | null = null;
  for (const job of recognition.jobs) {
    const resolved = await resolveModels(job, recognition, context);
    for (const path of resolved.files) files.add(path);
    const { target, problem } = await targetOf(job, request);
    targetProblem ??= problem;
    jobs.push({ job, models: resolved.models, target });
  }
  return { format, parsed, file, recognition, jobs, files: [...files], targetProblem };
}

interface TargetOutcome {
  readonly target: Target;
  readonly problem: string | null;
}

/** The file's own target, else the wanted one, else this machine with the reason. */
async function targetOf(job: Job, request: AnalysisRequest): Promise<TargetOutcome> {
  const { machine } = request;
  const folder = request.workspaceRoot ?? dirname(request.path);
  const declared = request.targetOverrides === true ? null : job.declaredTarget;
  const choice = declared !== null ? 'declared' : request.targetChosen ? 'chosen' : 'local';
  const wanted = await findTarget(declared ?? request.target, { machine, choice, folder });
  if (wanted.ok) return { target: wanted.target, problem: null };
  const local = await findTarget('auto', { machine, choice: 'local', folder });
  if (!local.ok) throw new Error(local.message);
  return { target: local.target, problem: wanted.message };
}

function answerInput(
  { job, models, target }: PreparedJob,
  prepared: Prepared,
  request: AnalysisRequest,
): AnswerInput {
  return {
    kind: prepared.format.kind,
    job,
    models,
    target,
    machine: request.machine,
    file: request.path === '' ? null : request.path,
    line: lineAt(request.text, job.anchor.start),
    chatTokensPerSecond: request.settings.chatTokensPerSecond,
    headroomBytes: request.settings.headroomBytes,
  };
}

function analysedJob(one: PreparedJob, prepared: Prepared, request: AnalysisRequest): AnalysedJob {
  const { job, models, target } = one;
  const { bareModel, problems } = prepared.recognition;
  const input = answerInput(one, prepared, request);
  const plain = answer(input);
  const result: EstimateResult = { ...plain, remedies: written(plain.remedies, one, prepared) };
  const found = findingsFor({ job, models, target, result, bareModel });
  const findings: readonly Finding[] =
    problems.length === 0
      ? found
      : [
          ...problems.map((problem) => settingProblemFinding(problem, job.anchor, result)),
          // A problem of the file names the key better than the model's refusal that follows from it.
          ...found.filter((finding) => finding.code !== 'impossible-value' && finding.code !== null),
        ];
  return { job, findings, result, variants: bareModel ? variantsOf(one, input, result) : null };
}

/** Remedies that this file can be given, with the edits that do it. One that cannot be written here is still worth saying. */
function written(remedies: readonly Remedy[], { job }: PreparedJob, prepared: Prepared): readonly Remedy[] {
  return remedies.map((remedy) => ({
    ...remedy,
    edits: prepared.format.edits(prepared.parsed, prepared.file, job, remedy.set) ?? [],
  }));
}

function variantsOf(one: PreparedJob, input: AnswerInput, run: EstimateResult): AnalysedJob['variants'] {
  const asked = (job: Job): EstimateResult =>
    answer({ ...input, job, models: withSettingsOf(one.models, job), brief: true });
  return { run, others: bareVariants(one.job).map(({ job, ...what }) => ({ ...what, result: asked(job) })) };
}

/** The same models under the settings that a changed job gives them. */
function withSettingsOf(models: readonly ResolvedModel[], job: Job): readonly ResolvedModel[] {
  return models.map((model, index) => ({ ...model, setting: job.document.models[index] ?? model.setting }));
}

/** The setting whose key or value stands at an offset of this file, when a table can be made for it. */
function pathAt(job: Job, file: string, offset: number): string | null {
  for (const [path, origin] of Object.entries(job.origins)) {
    if (!hasWhatIf(path) || origin.file !== file) continue;
    for (const span of [origin.keySpan, origin.valueSpan])
      if (span !== null && offset >= span.start && offset <= span.end) return path;
  }
  return null;
}
