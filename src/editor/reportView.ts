import { basename } from 'node:path';
import type { AnalysedJob } from '../core/finding/analysis';
import { adviceTargets } from '../core/finding/adviceTargets';
import { reportText } from '../core/finding/reportText';
import type { TargetRow } from '../core/finding/reportText';
import { warning } from './commands/command';
import type { Outcome, Subject } from './commands/command';
import type { Services } from './services';

/** Opens the report of a document's answer as it is now. */
export async function showReport(services: Services, subject: Subject): Promise<Outcome | null> {
  const { document, answer } = subject;
  if (answer.analysis.outcome !== 'analysed') return warning(answer.analysis.message);
  const { jobs, title } = answer.analysis;
  const rows = await Promise.all(jobs.map((_, index) => onOtherTargets(services, subject, index)));
  const text = reportText({
    file: basename(document.fileName),
    title,
    jobs: jobs.map((job, index) => ({ ...job, targets: rows[index] ?? [] })),
  });
  await services.reports.show('report', text, document.uri);
  return null;
}

/** One job of a document answered for hardware from small to large; as many devices of each as the job wants. */
export async function onOtherTargets(
  services: Services,
  { document }: Subject,
  job: number,
): Promise<readonly TargetRow[]> {
  const request = await services.analyses.request(document.uri, document.getText());
  const rows: TargetRow[] = [];
  for (const target of adviceTargets) {
    const analysis = await services.bundles
      .analysis()
      .analyseText({ ...request, target, targetChosen: true });
    const analysed = analysis.outcome === 'analysed' ? analysis.jobs[job] : undefined;
    if (analysed !== undefined) rows.push({ target: analysed.result.target.label, result: shown(analysed) });
  }
  return rows;
}

/** What a table of targets shows of a job: of a bare model, running it. */
function shown(job: AnalysedJob): AnalysedJob['result'] {
  return job.variants?.run ?? job.result;
}
