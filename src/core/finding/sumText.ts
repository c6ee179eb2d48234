import type { DeviceMemory } from '../estimate/memoryEstimate';
import { formatGiB } from '../units/bytes';
import { largestTerms, termText } from './termText';

/** The largest terms of a peak in one phrase: `logits 10.5, activations 9.8, weights 5.7`. */
export function sumText(device: DeviceMemory, count: number): string {
  const terms = largestTerms(device).slice(0, count).map(termText);
  return terms.length === 0 ? formatGiB(device.devicePeak.expected) : terms.join(', ');
}
