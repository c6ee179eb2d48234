import { deviceCount } from '../../hardware/target';
import { devicesOf } from '../answer';
import { responsibleSetting } from './responsible';
import type { Rule } from './rule';

/** The engine itself would stop with a message: said in our words, on the key that it would name. */
export const refusesToStart: Rule = {
  code: 'refuses-to-start',
  check(subject) {
    const { job, result } = subject;
    if (result.failure !== 'refuses-to-start' || result.memory.perDevice.length === 0) return null;
    if (devicesOf(job) > deviceCount(subject.target)) return null;
    return {
      code: 'refuses-to-start',
      severity: 'warning',
      verdict: result.verdict,
      message: result.reason,
      span: responsibleSetting(subject)?.origin.keySpan ?? job.anchor,
      anchor: job.anchor,
      result,
      remedies: result.remedies,
    };
  },
};
