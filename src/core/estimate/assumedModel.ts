import { rounded, spread, sum, type Range } from '../units/range';
import type { DeviceMemory, HostMemory, MemoryEstimate, MemoryTerm, TermName } from './memoryEstimate';

/**
 * How far the sizes of a model may lie from those of the class that it was read as: by a head, an embedding or a bias as a rule, by a
 * norm or an expert more where its layers are others. Not measured: a bet.
 */
const BELOW = 0.3;
const ABOVE = 0.5;

/** Terms that follow from the model's shapes. */
const ofModel: ReadonlySet<TermName> = new Set<TermName>([
  'weights',
  'adapters',
  'kvCache',
  'recurrentState',
  'activations',
  'logits',
  'gradients',
  'optimizerStates',
]);

function widerRange(bytes: Range): Range {
  const { low, high } = spread(1, BELOW, ABOVE);
  return rounded({ low: bytes.low * low, expected: bytes.expected, high: bytes.high * high });
}

function widerTerm(term: MemoryTerm): MemoryTerm {
  if (!ofModel.has(term.name)) return term;
  return { ...term, bytes: widerRange(term.bytes), size: widerRange(term.size), origin: 'assumed' };
}

function total(terms: readonly MemoryTerm[], wanted: (name: TermName) => boolean): Range {
  return sum(...terms.filter(({ name }) => wanted(name)).map(({ bytes }) => bytes));
}

function less(r: Range, other: Range): Range {
  return { low: r.low - other.low, expected: r.expected - other.expected, high: r.high - other.high };
}

function widerDevice(device: DeviceMemory): DeviceMemory {
  const terms = device.terms.map(widerTerm);
  const allocatedPeak = total(terms, (name) => name !== 'fragmentation' && name !== 'runtime');
  const reservedPeak = sum(
    allocatedPeak,
    total(terms, (name) => name === 'fragmentation'),
  );
  return {
    ...device,
    terms,
    allocatedPeak,
    activePeak: sum(allocatedPeak, less(device.activePeak, device.allocatedPeak)),
    reservedPeak,
    devicePeak: sum(
      reservedPeak,
      total(terms, (name) => name === 'runtime'),
    ),
  };
}

function widerHost(host: HostMemory): HostMemory {
  const terms = host.terms.map(widerTerm);
  return { terms, peak: total(terms, () => true) };
}

/** An estimate of a model that was read as another class: what follows from its shapes is known less well. */
export function widened(estimate: MemoryEstimate): MemoryEstimate {
  const perDevice = estimate.perDevice.map(widerDevice);
  const before = estimate.perDevice[0]?.allocatedPeak;
  const after = perDevice[0]?.allocatedPeak;
  const { poolMargin } = estimate;
  return {
    ...estimate,
    perDevice,
    host: widerHost(estimate.host),
    poolMargin:
      poolMargin === null || before === undefined || after === undefined
        ? poolMargin
        : {
            low: poolMargin.low - (after.high - before.high),
            expected: poolMargin.expected,
            high: poolMargin.high + (before.low - after.low),
          },
  };
}
