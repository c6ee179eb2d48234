import { deviceCount } from '../../hardware/target';
import { devicesOf } from '../answer';
import { responsibleSetting } from './responsible';
import type { Span } from '../../units/span';
import type { Rule, RuleSubject } from './rule';

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
      span: keyOfRefusal(subject) ?? job.anchor,
      anchor: job.anchor,
      result,
      remedies: result.remedies,
    };
  },
};

/** The length that asks for more cache than there is, the fraction that leaves so little, or what costs most otherwise. */
function keyOfRefusal(subject: RuleSubject): Span | null {
  const { origins } = subject.job;
  for (const path of ['inference.contextLength', 'inference.memoryFraction', 'parallel.tensor']) {
    const span = origins[path]?.keySpan ?? null;
    if (span !== null) return span;
  }
  return responsibleSetting(subject)?.origin.keySpan ?? null;
}
