import { pathToFileURL } from 'node:url';
import type { Severity } from '../core/finding/finding';
import type { Remedy, Verdict } from '../core/finding/result';

/** One finding of `rooflens check`, as its JSON prints it. */
export interface CheckFinding {
  /** Absolute path. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly kind: string;
  readonly verdict: Verdict;
  readonly message: string;
  readonly code: string | null;
  readonly remedies: readonly Remedy[];
}

export interface CheckReport {
  readonly schema: 1;
  readonly files: number;
  readonly recognised: number;
  readonly findings: readonly CheckFinding[];
}

/** How serious a finding is for tools that have levels of their own. Facts (fits, partial) are notes. */
function levelOf(finding: CheckFinding): Severity | 'note' {
  if (finding.code === 'impossible-value' || finding.code === 'unreadable-config') return 'error';
  if (finding.verdict === 'exceeds') return 'warning';
  return finding.verdict === 'tight' ? 'information' : 'note';
}

/** The change to make first: the best one that leaves results alone, else the best. */
export function bestRemedy(finding: CheckFinding): Remedy | null {
  return finding.remedies.find((remedy) => !remedy.changesResults) ?? finding.remedies[0] ?? null;
}

/** `path:line: verdict: sentence (remedy)`, a line a finding, paths as short as `relative` makes them. */
export function textReport(report: CheckReport, relative: (path: string) => string): string {
  const lines = report.findings.map((finding) => {
    const remedy = bestRemedy(finding);
    const way = remedy === null || finding.verdict === 'fits' ? '' : ` (${remedy.title})`;
    return `${relative(finding.file)}:${finding.line}: ${finding.verdict}: ${finding.message}${way}`;
  });
  const files = `${report.recognised} of ${report.files} files recognised`;
  return [...lines, files].join('\n');
}

/** Annotations for a GitHub workflow: `::warning file=…,line=…::message`. Fits and partial are not annotated. */
export function githubReport(report: CheckReport, relative: (path: string) => string): string {
  const commands: Readonly<Record<Severity, string>> = {
    error: 'error',
    warning: 'warning',
    information: 'notice',
  };
  return report.findings
    .flatMap((finding) => {
      const level = levelOf(finding);
      if (level === 'note') return [];
      const title = `Rooflens ${finding.code ?? finding.verdict}`;
      const place = `file=${property(relative(finding.file))},line=${finding.line},title=${property(title)}`;
      return [`::${commands[level]} ${place}::${escaped(finding.message)}`];
    })
    .join('\n');
}

/** Escapes as the workflow's command parser reads them. Source: actions/toolkit packages/core/src/command.ts. */
function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** SARIF 2.1.0, as code scanning services read it. */
export function sarifReport(report: CheckReport, version: string): unknown {
  const levels: Readonly<Record<Severity | 'note', string>> = {
    error: 'error',
    warning: 'warning',
    information: 'note',
    note: 'none',
  };
  const codes = [...new Set(report.findings.map(ruleOf))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Rooflens', version, rules: codes.map((id) => ({ id })) } },
        results: report.findings.map((finding) => ({
          ruleId: ruleOf(finding),
          level: levels[levelOf(finding)],
          kind: levelOf(finding) === 'note' ? 'informational' : 'fail',
          message: { text: finding.message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: pathToFileURL(finding.file).href },
                region: { startLine: finding.line },
              },
            },
          ],
        })),
      },
    ],
  };
}

function ruleOf(finding: CheckFinding): string {
  return finding.code ?? `verdict-${finding.verdict}`;
}
