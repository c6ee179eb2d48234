import assert from 'node:assert/strict';
import { noCeilings } from '../hardware/device';
import type { Pool, Target } from '../hardware/target';
import type { MemoryEstimate } from '../estimate/memoryEstimate';
import { GiB } from '../units/bytes';
import { range, zero, type Range } from '../units/range';
import { judge } from './verdict';

function pool(kind: Pool['kind'], gib: number, freeGib: number | null = null): Pool {
  return {
    kind,
    name: kind,
    count: 1,
    totalBytes: gib * GiB,
    usableBytes: gib * GiB,
    usableOrigin: 'reported',
    freeBytes: freeGib === null ? null : freeGib * GiB,
    ceilings: noCeilings,
    vendor: kind === 'host' ? null : 'nvidia',
    deviceKind: null,
    computeCapability: null,
    catalogueId: null,
  };
}

function target(...pools: readonly Pool[]): Target {
  return {
    name: 'test',
    label: 'test',
    choice: 'chosen',
    alternatives: [],
    pools,
    cpuOnly: pools.every((each) => each.kind === 'host'),
  };
}

function memory(peak: Range, changes: Partial<MemoryEstimate> = {}): MemoryEstimate {
  return {
    perDevice: [
      {
        device: 'device',
        ranks: 1,
        phase: 'decode',
        terms: [],
        allocatedPeak: peak,
        activePeak: peak,
        reservedPeak: peak,
        devicePeak: peak,
      },
    ],
    host: { terms: [], peak: zero },
    diskBytes: null,
    placement: null,
    kvPoolTokens: null,
    kvRequiredBytes: null,
    poolMargin: null,
    adapterParameters: 0,
    trainableParameters: 0,
    weightBytes: 0,
    notes: [],
    refusal: null,
    unknown: null,
    ...changes,
  };
}

const gib = (low: number, expected: number, high: number): Range =>
  range(low * GiB, expected * GiB, high * GiB);

describe('judge', () => {
  const card = target(pool('device', 24, 10), pool('host', 64));

  it('fits only if the whole interval does, and exceeds only if none of it does', () => {
    assert.equal(judge(memory(gib(20, 22, 24)), card, 'transformers').verdict, 'fits');
    assert.equal(judge(memory(gib(20, 22, 24.1)), card, 'transformers').verdict, 'tight');
    assert.equal(judge(memory(gib(24, 25, 26)), card, 'transformers').verdict, 'tight');
    const exceeds = judge(memory(gib(24.1, 25, 26)), card, 'transformers');
    assert.equal(exceeds.verdict, 'exceeds');
    assert.equal(exceeds.failure, 'oom');
  });

  it('answers for what is free now as well', () => {
    const judged = judge(memory(gib(11, 12, 13)), card, 'transformers');
    assert.equal(judged.verdict, 'fits');
    assert.equal(judged.verdictNow, 'exceeds');
  });

  it('keeps the headroom free', () => {
    assert.equal(judge(memory(gib(20, 22, 23.5)), card, 'transformers', GiB).verdict, 'tight');
  });

  it('is partial where a part lies on a host that holds it', () => {
    const placement = { layersOnDevice: 20, layers: 33, hostWeightBytes: GiB, hostKvBytes: 0 };
    const host = { terms: [], peak: gib(30, 30, 30) };
    assert.equal(judge(memory(gib(8, 9, 10), { placement, host }), card, 'llama.cpp').verdict, 'partial');
    const small = judge(
      memory(gib(8, 9, 10), { placement, host }),
      target(pool('device', 24), pool('host', 16)),
      'llama.cpp',
    );
    assert.equal(small.verdict, 'exceeds');
    assert.equal(small.failure, 'host-oom');
  });

  it('adds host and device once on unified memory', () => {
    const terms = [
      {
        name: 'weights' as const,
        component: 'main',
        bytes: gib(6, 6, 6),
        size: gib(6, 6, 6),
        origin: 'exact' as const,
      },
    ];
    const judged = judge(
      memory(gib(3, 3, 3), { host: { terms, peak: gib(6, 6, 6) } }),
      target({ ...pool('unified', 8), name: 'device' }),
      'transformers',
    );
    assert.equal(judged.verdict, 'exceeds');
  });

  it('says what the engine would refuse, and unknown where there is no figure', () => {
    const refused = judge(memory(gib(1, 1, 1), { refusal: 'no' }), card, 'vllm');
    assert.deepEqual([refused.verdict, refused.failure], ['exceeds', 'refuses-to-start']);
    assert.equal(
      judge(memory(zero, { unknown: 'no model', perDevice: [] }), card, 'vllm').verdict,
      'unknown',
    );
    assert.equal(
      judge(memory(gib(20, 21, 22), { poolMargin: gib(-1, 1, 2) }), card, 'vllm').verdict,
      'tight',
    );
  });
});
