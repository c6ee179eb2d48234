import { basename } from 'node:path';
import { escapeMarkdown } from '../../core/finding/markdown';
import { targetsTable } from '../../core/finding/reportText';
import { usageText } from '../../core/finding/termText';
import { onOtherTargets } from '../reportView';
import { information, subjectOf, warning } from './command';
import type { Command } from './command';

/** Says what hardware the job of the active file needs: the smallest of a range of common devices that holds it. */
export const advise: Command = async (services, uri, job) => {
  const subject = await subjectOf(services, uri, job);
  if (!('document' in subject)) return subject;
  const { analysis } = subject.answer;
  if (analysis.outcome !== 'analysed') return warning(analysis.message);
  const rows = await onOtherTargets(services, subject, subject.job);
  const name = basename(subject.document.fileName);
  await services.reports.show(
    'advice',
    `# Hardware for ${escapeMarkdown(name)}\n\n${targetsTable(rows)}\n`,
    subject.document.uri,
  );
  const smallest = rows.find(({ target, result }) => target !== 'CPU' && result.verdict === 'fits');
  return smallest === undefined
    ? warning(`${name} fits none of the ${rows.length} devices that were tried; the table says by how much.`)
    : information(`The smallest that holds ${name} is ${smallest.target}: ${usageText(smallest.result)}.`);
};
