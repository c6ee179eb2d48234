import type { DeviceMemory, MemoryTerm, TermName } from '../estimate/memoryEstimate';
import { formatGiB, GiB } from '../units/bytes';
import type { EstimateResult, Verdict } from './result';

const labels: Readonly<Record<TermName, string>> = {
  weights: 'weights',
  adapters: 'adapters',
  kvCache: 'KV cache',
  recurrentState: 'recurrent state',
  activations: 'activations',
  logits: 'logits',
  gradients: 'gradients',
  optimizerStates: 'optimizer',
  communication: 'communication',
  cudaGraphs: 'CUDA graphs',
  workspace: 'workspace',
  output: 'output',
  fragmentation: 'fragmentation',
  runtime: 'runtime',
};

/** A memory term's name for people: `KV cache`. */
export function termLabel(name: TermName): string {
  return labels[name];
}

/** `logits 10.5`: the unit (GiB) is said once by the sentence around it. */
export function termText(term: MemoryTerm): string {
  const component = term.component === 'main' ? '' : ` (${term.component})`;
  return `${labels[term.name]}${component} ${formatGiB(term.bytes.expected)}`;
}

/** A smaller term would read as `0.0` beside its neighbours. */
const smallestShownBytes = 0.05 * GiB;

/** The terms that are alive at the peak and large enough to read, in the estimate's order, and whether any were left out. */
export function shownTerms(memory: DeviceMemory): { terms: readonly MemoryTerm[]; more: boolean } {
  const alive = memory.terms.filter((term) => term.bytes.expected > 0);
  const terms = alive.filter((term) => term.bytes.expected >= smallestShownBytes);
  return { terms, more: terms.length < alive.length };
}

/** Terms from the largest to the smallest. */
export function largestTerms(memory: DeviceMemory): readonly MemoryTerm[] {
  return [...shownTerms(memory).terms].sort((a, b) => b.bytes.expected - a.bytes.expected);
}

/** The class of ranks with the highest peak: the one that decides. null when the memory could not be estimated. */
export function decidingDevice(result: EstimateResult): DeviceMemory | null {
  let worst: DeviceMemory | null = null;
  for (const memory of result.memory.perDevice) {
    if (worst === null || memory.devicePeak.expected > worst.devicePeak.expected) worst = memory;
  }
  return worst;
}

const verdictWords: Readonly<Record<Verdict, string>> = {
  fits: 'fits',
  tight: 'tight',
  partial: 'partly in RAM',
  exceeds: 'does not fit',
  unknown: 'cannot tell',
};

/** A verdict in words, for tooltips, tables and screen readers. */
export function verdictText(verdict: Verdict): string {
  return verdictWords[verdict];
}

/** `17.8 of 23.5 GiB`: the peak on the deciding device and what a job can have there. */
export function usageText(result: EstimateResult): string {
  const peak = decidingDevice(result)?.devicePeak.expected ?? 0;
  return `${formatGiB(peak)} of ${formatGiB(result.target.budget.bytes)} GiB`;
}
