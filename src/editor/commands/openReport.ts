import type { Command } from './command';
import { subjectOf } from './command';
import { showReport } from '../reportView';

/** Opens the report of a document: memory, speed, what to change, other hardware. */
export const openReport: Command = async (services, uri, job) => {
  const subject = await subjectOf(services, uri, job);
  if (!('document' in subject)) return subject;
  return showReport(services, subject);
};
