import type { Finding } from './finding';
import { exceedsMemory } from './rules/exceedsMemory';
import { impossibleValue } from './rules/impossibleValue';
import { modelNotFound } from './rules/modelNotFound';
import { needsMoreDevices } from './rules/needsMoreDevices';
import { refusesToStart } from './rules/refusesToStart';
import type { Rule, RuleSubject } from './rules/rule';
import { tightMemory } from './rules/tightMemory';
import { unreachedModules } from './rules/unreachedModules';

/** Rules that look at a job with its answer. A new rule is one file and one line here. */
const rules: readonly Rule[] = [
  impossibleValue,
  modelNotFound,
  needsMoreDevices,
  refusesToStart,
  exceedsMemory,
  tightMemory,
  unreachedModules,
];

/**
 * What is said about a job, at least one finding: without a diagnostic it is the verdict itself, with neither code nor severity.
 * A diagnostic about memory is shown only against a target that was declared or chosen or is the local GPU; a bare model gets none,
 * except for values that cannot be right. `remedies` of the findings are the result's: the caller fills in their edits before.
 */
export function findingsFor(subject: RuleSubject): readonly Finding[] {
  const found = rules.flatMap((rule) => {
    const finding = rule.check(subject);
    return finding === null ? [] : [quiet(subject, finding)];
  });
  if (found.length > 0) return found;
  const { job, result } = subject;
  return [
    {
      code: null,
      severity: null,
      verdict: result.verdict,
      message: result.reason,
      span: job.anchor,
      anchor: job.anchor,
      result,
      remedies: result.remedies,
    },
  ];
}

function quiet(subject: RuleSubject, finding: Finding): Finding {
  if (finding.code === 'impossible-value') return finding;
  // What a method does to a model has nothing to do with the target.
  if (finding.code === 'unreached-modules')
    return subject.bareModel ? { ...finding, severity: null } : finding;
  const spoken = !subject.bareModel && subject.target.choice !== 'fallback';
  const foreign = finding.code === 'needs-more-devices' && subject.target.choice === 'local';
  return spoken && !foreign ? finding : { ...finding, severity: null };
}
