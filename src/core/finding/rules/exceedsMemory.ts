import { deviceBudget } from '../../hardware/target';
import { formatGiB } from '../../units/bytes';
import { sumText } from '../sumText';
import { decidingDevice } from '../termText';
import { responsibleSetting } from './responsible';
import type { Rule, RuleSubject } from './rule';

/** Not even the lower end of the estimate fits, and the engine does not spill. */
export const exceedsMemory: Rule = {
  code: 'exceeds-memory',
  check(subject) {
    const { result } = subject;
    if (result.verdict !== 'exceeds' || result.failure === 'refuses-to-start') return null;
    return memoryFinding(subject, 'exceeds-memory', 'warning');
  },
};

/** `micro_batch_size 8 needs 31.0 GiB, RTX 4090 has 23.5: logits 10.5, activations 9.8, weights 5.7. 4 fits.` */
export function memoryFinding(
  subject: RuleSubject,
  code: string,
  severity: 'warning' | 'information',
): ReturnType<Rule['check']> {
  const { job, result, target } = subject;
  const device = decidingDevice(result);
  if (device === null) return null;
  const responsible = responsibleSetting(subject);
  const origin = responsible?.origin ?? null;
  const key = origin?.key ?? null;
  const who = responsible === null || key === null ? 'This job' : `${key} ${String(responsible.value)}`;
  const peak = device.devicePeak;
  const need =
    code === 'tight-memory'
      ? `needs ${formatGiB(peak.low)} to ${formatGiB(peak.high)} GiB`
      : `needs ${formatGiB(peak.expected)} GiB`;
  const host = result.failure === 'host-oom';
  const has = host
    ? `${formatGiB(result.memory.host.peak.expected)} GiB of host memory are needed`
    : `${need}, ${target.label} has ${formatGiB(deviceBudget(target))}`;
  const message = `${who}${host ? ': ' : ' '}${has}: ${sumText(device, 3)}.${wayOut(subject, responsible?.path ?? null)}`;
  return {
    code,
    severity,
    verdict: result.verdict,
    message,
    span: origin?.keySpan ?? job.anchor,
    anchor: job.anchor,
    result,
    remedies: result.remedies,
  };
}

/** The largest value of the responsible setting that fits: ` 4 fits.` */
function wayOut({ result }: RuleSubject, path: string | null): string {
  const largest =
    path === 'training.microBatch'
      ? result.limits.maxMicroBatch
      : path === 'inference.contextLength'
        ? result.limits.maxContextLength
        : path === 'inference.concurrency'
          ? result.limits.maxConcurrency
          : null;
  if (largest !== null && largest >= 1) return ` ${largest} fits.`;
  const remedy = result.remedies.find((each) => each.verdict === 'fits' && !each.changesResults);
  return remedy === undefined ? '' : ` ${remedy.title}.`;
}
