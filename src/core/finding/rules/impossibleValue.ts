import type { ConfigProblem } from '../../model/blueprint';
import type { SettingProblem } from '../../job/job';
import type { Span } from '../../units/span';
import type { Finding } from '../finding';
import type { EstimateResult } from '../result';
import type { Rule } from './rule';

/** A value of a model's config that cannot be right. */
export const impossibleValue: Rule = {
  code: 'impossible-value',
  check({ job, models, result }) {
    const failed = models.find((model) => !model.outcome.ok && model.outcome.problems.length > 0);
    if (failed === undefined || failed.outcome.ok) return null;
    const [problem] = failed.outcome.problems;
    if (problem === undefined) return null;
    const origin = job.origins[problem.key] ?? job.origins[`models.0.config.${problem.key}`];
    return {
      code: 'impossible-value',
      severity: 'error',
      verdict: 'unknown',
      message: problemText(problem),
      span: origin?.valueSpan ?? origin?.keySpan ?? job.anchor,
      anchor: job.anchor,
      result,
      remedies: [],
    };
  },
};

/** `num_attention_heads is -3; expected a positive integer.` */
export function problemText(problem: ConfigProblem): string {
  return problem.value === null
    ? `${problem.key} is missing; expected ${problem.expected}.`
    : `${problem.key} is ${problem.value}; expected ${problem.expected}.`;
}

/** A setting of the job itself that the format found impossible. */
export function settingProblemFinding(
  problem: SettingProblem,
  anchor: Span,
  result: EstimateResult | null,
): Finding {
  return {
    code: problem.code,
    severity: 'error',
    verdict: result?.verdict ?? 'unknown',
    message: problem.message,
    span: problem.valueSpan ?? problem.keySpan ?? anchor,
    anchor,
    result,
    remedies: [],
  };
}
