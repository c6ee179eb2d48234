import type { Command } from './command';
import { subjectOf } from './command';
import { showReport } from '../reportView';

/** Shows how an answer was computed: the report, whose first table is the terms. */
export const explain: Command = async (services, uri, job) => {
  const subject = await subjectOf(services, uri, job);
  if (!('document' in subject)) return subject;
  return showReport(services, subject);
};
