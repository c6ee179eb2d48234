import type { Rule } from './rule';

/** A model that is referred to cannot be read: nothing can be said without its shapes. */
export const modelNotFound: Rule = {
  code: 'model-not-found',
  check({ job, models, result }) {
    const index = models.findIndex((model) => !model.outcome.ok);
    const missing = models[index];
    if (missing === undefined || missing.outcome.ok || missing.outcome.problems.length > 0) return null;
    const origin =
      job.origins[`models.${index}`] ??
      job.origins[`models.${index}.hub`] ??
      job.origins[`models.${index}.path`];
    return {
      code: 'model-not-found',
      severity: 'information',
      verdict: 'unknown',
      message: result.reason,
      span: origin?.keySpan ?? job.anchor,
      anchor: job.anchor,
      result,
      remedies: [],
    };
  },
};
