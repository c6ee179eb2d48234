import type { Analysis } from './analysis';
import { lensText, plainLens } from './lensText';
import { escapeMarkdown, markdownTable } from './markdown';
import { verdictText } from './termText';

/** A file of a workspace that is ours, with its answer. */
export interface CheckedFile {
  readonly name: string;
  readonly analysis: Exclude<Analysis, { outcome: 'not-ours' }>;
}

/** The summary of a check of a workspace as Markdown: one row a job, those that exceed first. */
export function checkText(files: readonly CheckedFile[]): string {
  const rows = files.flatMap(rowsOf).sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  const table = markdownTable(
    ['left', 'left', 'left'],
    ['file', 'verdict', 'answer'],
    rows.map(({ place, verdict, answer }) => [
      escapeMarkdown(place),
      verdictText(verdict),
      escapeMarkdown(answer),
    ]),
  );
  return `# Check of the workspace\n\n${table}\n`;
}

const order = ['exceeds', 'tight', 'partial', 'unknown', 'fits'];

interface Row {
  readonly place: string;
  readonly verdict: 'fits' | 'tight' | 'partial' | 'exceeds' | 'unknown';
  readonly answer: string;
}

function rowsOf({ name, analysis }: CheckedFile): readonly Row[] {
  if (analysis.outcome !== 'analysed') return [{ place: name, verdict: 'unknown', answer: analysis.message }];
  return analysis.jobs.map((job) => ({
    place: `${name}:${job.result.source.line}`,
    verdict: job.result.verdict,
    answer: plainLens(lensText(job)),
  }));
}
