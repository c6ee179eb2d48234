import { deviceCount } from '../../hardware/target';
import { devicesOf } from '../answer';
import type { Rule } from './rule';

/** The job is written for more devices than the target has. */
export const needsMoreDevices: Rule = {
  code: 'needs-more-devices',
  check({ job, target, result }) {
    const wanted = devicesOf(job);
    const has = deviceCount(target);
    if (wanted <= has) return null;
    const path = ['tensor', 'pipeline', 'data', 'context']
      .map((name) => `parallel.${name}`)
      .find((each) => (job.origins[each]?.keySpan ?? null) !== null);
    const origin = path === undefined ? undefined : job.origins[path];
    return {
      code: 'needs-more-devices',
      severity: 'information',
      verdict: result.verdict,
      message: `This job is written for ${wanted} devices, ${target.label} has ${has}.`,
      span: origin?.keySpan ?? job.anchor,
      anchor: job.anchor,
      result,
      remedies: [],
    };
  },
};
