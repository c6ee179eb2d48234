import { memoryFinding } from './exceedsMemory';
import type { Rule } from './rule';

/** The interval straddles the budget: it may or may not fit. */
export const tightMemory: Rule = {
  code: 'tight-memory',
  check: (subject) =>
    subject.result.verdict === 'tight' ? memoryFinding(subject, 'tight-memory', 'information') : null,
};
