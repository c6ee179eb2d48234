import assert from 'node:assert/strict';
import { cpuTarget, languageVariants, sampleResult, setting, term } from '../../../test/finding/sampleResult';
import type { Sample } from '../../../test/finding/sampleResult';
import { GiB, KiB } from '../units/bytes';
import { lensText, plainLens, sentenceLens } from './lensText';

const lens = (sample: Sample, stale = false): readonly string[] =>
  lensText({ result: sampleResult(sample), variants: null }, { stale }).map((part) => part.text);

const h100 = {
  name: 'NVIDIA H100 80GB HBM3',
  label: 'H100 80GB',
  pools: [
    { kind: 'device', name: 'H100', count: 1, usableBytes: 79.2 * GiB, freeBytes: null },
    { kind: 'host', name: 'RAM', count: 1, usableBytes: 500 * GiB, freeBytes: null },
  ],
  budget: { bytes: 79.2 * GiB, rule: 'usable' },
} as const;
const rtx3060 = {
  name: 'NVIDIA GeForce RTX 3060',
  label: 'RTX 3060',
  budget: { bytes: 11.5 * GiB, rule: 'usable' },
} as const;

describe('lensText', () => {
  it('says that a training job fits, its speed and how long it takes', () => {
    const parts = lens({
      speed: { name: 'train', perSecond: 2100, seconds: 24_000 },
      training: { data: { tokens: null, epochs: 3, lengths: null } },
    });
    assert.deepEqual(parts, [
      '$(check) Fits · 17.8 of 23.5 GiB · ~2.1k tok/s · 6 h 40 min for 3 epochs',
      'RTX 4090',
      'Report',
    ]);
  });

  it('says by how much a training job exceeds, why, and the largest micro batch in the word of the file', () => {
    const parts = lens({
      verdict: 'exceeds',
      peak: [29.2, 31, 32.9],
      terms: [term('weights', 5.7), term('activations', 9.8), term('logits', 10.5)],
      limits: { maxMicroBatch: 6 },
      origins: { 'training.microBatch': setting('micro_batch_size') },
    });
    assert.deepEqual(parts, [
      '$(warning) Needs 31.0 of 23.5 GiB (logits 10.5) · largest micro_batch_size 6',
      'RTX 4090',
      'Report',
    ]);
  });

  it('offers no micro batch where none fits', () => {
    const [first] = lens({
      verdict: 'exceeds',
      peak: [29, 31, 33],
      terms: [term('weights', 29)],
      limits: { maxMicroBatch: 0 },
    });
    assert.equal(first, '$(warning) Needs 31.0 of 23.5 GiB (weights 29.0)');
  });

  it('shows the range where it straddles the budget', () => {
    const parts = lens({ verdict: 'tight', peak: [22.1, 23.2, 24] });
    assert.deepEqual(parts, ['$(info) Tight · 22.1–24.0 of 23.5 GiB', 'RTX 4090', 'Report']);
  });

  it('says what a job for other hardware needs and offers to choose a target', () => {
    const parts = lens({
      verdict: 'exceeds',
      peak: [59, 61, 63],
      parallel: { data: 8 },
      target: { choice: 'local' },
    });
    assert.deepEqual(parts, ['$(server) Needs 8 × 61.0 GiB', 'Choose target…']);
  });

  it('names the target of such a job where somebody chose one', () => {
    const parts = lens({ verdict: 'exceeds', peak: [59, 61, 63], parallel: { data: 8 } });
    assert.deepEqual(parts, ['$(server) Needs 8 × 61.0 GiB', 'RTX 4090']);
  });

  it('counts devices where the target has as many as the job wants', () => {
    const eight = { ...h100, pools: h100.pools.map((pool) => ({ ...pool, count: 8 })), label: '8 x H100' };
    const [first] = lens({ peak: [59, 61, 63], parallel: { data: 8 }, target: eight, speed: null });
    assert.equal(first, '$(check) Fits · 8 × 61.0 of 79.2 GiB');
  });

  it('says what an engine that fills the card with KV cache can hold', () => {
    const parts = lens({
      task: 'generate',
      inference: { contextLength: 32_768, concurrency: 43 },
      limits: { kvPoolTokens: 141_000 },
      speed: { name: 'decode', perSecond: 1900, each: 45 },
      target: h100,
    });
    assert.deepEqual(parts, [
      '$(check) Starts · 141k KV tokens = 4.3 × 32k · ~45 tok/s each, ~1.9k in all',
      'H100 80GB',
      'Report',
    ]);
  });

  it('says how far such an engine is from starting', () => {
    const [first] = lens({
      task: 'generate',
      verdict: 'exceeds',
      failure: 'refuses-to-start',
      inference: { contextLength: 131_072 },
      limits: { kvPoolTokens: 20_480, maxContextLength: 20_480 },
      speed: null,
    });
    assert.equal(
      first,
      '$(warning) Does not start · 20k KV tokens, one sequence needs 128k · max context 20k',
    );
  });

  it('gives the reason of an engine that refuses for another cause', () => {
    const [first] = lens({
      verdict: 'exceeds',
      failure: 'refuses-to-start',
      reason: 'tensor parallelism 3 does not divide 32 heads.',
    });
    assert.equal(first, '$(warning) Does not start: tensor parallelism 3 does not divide 32 heads');
  });

  it('says when it is the host that is too small', () => {
    const [first] = lens({ verdict: 'exceeds', failure: 'host-oom', hostGiB: 90 });
    assert.equal(first, '$(warning) Needs 90.0 of 60.0 GiB RAM on the host');
  });

  it('counts layers for an engine that splits', () => {
    const parts = lens({
      task: 'generate',
      peak: [9.4, 9.6, 9.8],
      placement: { layersOnDevice: 33, layers: 33, hostWeightBytes: 0, hostKvBytes: 0 },
      speed: { name: 'decode', perSecond: 52 },
      limits: { maxContextLength: 41_000 },
      target: rtx3060,
    });
    assert.deepEqual(parts, [
      '$(check) 33/33 layers on GPU · 9.6 of 11.5 GiB · ~52 tok/s · max context 41k',
      'RTX 3060',
      'Report',
    ]);
  });

  it('says what lies in RAM and how slow that is', () => {
    const parts = lens({
      task: 'generate',
      verdict: 'partial',
      placement: { layersOnDevice: 24, layers: 48, hostWeightBytes: GiB, hostKvBytes: 0 },
      speed: { name: 'decode', perSecond: 7 },
      target: rtx3060,
    });
    assert.deepEqual(parts, ['$(split-horizontal) 24/48 layers on GPU, rest in RAM · ~7 tok/s', 'RTX 3060']);
  });

  it('says whether the CPU that one has is enough', () => {
    const enough = {
      suffices: true,
      criterion: 'chat at reading speed',
      timeToFirstTokenSeconds: null,
      decodeTokensPerSecond: null,
      trainTokensPerSecond: null,
      ramBytes: 4.9 * GiB,
      reason: 'It reads well.',
    };
    const sample: Sample = {
      task: 'generate',
      peak: [4.8, 4.9, 5],
      speed: { name: 'decode', perSecond: 9.2, firstTokenSeconds: 3 },
      target: cpuTarget,
      cpu: enough,
    };
    assert.deepEqual(lens(sample), [
      '$(check) CPU is enough · 4.9 of 13.0 GiB RAM · ~9.2 tok/s, first word after ~3 s',
    ]);
    assert.deepEqual(lens({ ...sample, cpu: { ...enough, suffices: false } }), [
      '$(info) CPU is slow · 4.9 of 13.0 GiB RAM · ~9.2 tok/s, first word after ~3 s',
    ]);
  });

  it('calls memory RAM where the CPU has too little of it', () => {
    const parts = lens({
      task: 'generate',
      verdict: 'exceeds',
      peak: [30, 31, 32],
      terms: [term('weights', 29.9)],
      target: cpuTarget,
    });
    assert.deepEqual(parts, ['$(warning) Needs 31.0 of 13.0 GiB RAM (weights 29.9)']);
  });

  it('says why it cannot tell, and offers to point to a model that is not here', () => {
    const parts = lens({
      verdict: 'unknown',
      reason: 'meta-llama/Llama-3.1-8B is not on this machine.',
      model: { architecture: null, parameters: null },
      peak: null,
    });
    assert.deepEqual(parts, [
      '$(question) Cannot tell: meta-llama/Llama-3.1-8B is not on this machine',
      'Point to config.json…',
    ]);
  });

  it('marks the last answer while the text is broken', () => {
    assert.deepEqual(lens({ speed: null }, true), [
      '$(check) Fits · 17.8 of 23.5 GiB (before this edit)',
      'RTX 4090',
      'Report',
    ]);
  });

  it('says where a speed comes from unless it was measured', () => {
    const [catalogue] = lens({ speed: { name: 'train', perSecond: 2100, origin: 'catalogue' } });
    assert.equal(catalogue, '$(check) Fits · 17.8 of 23.5 GiB · ~2.1k tok/s (catalogue)');
  });

  it('says when what others hold changes the answer', () => {
    const busy = sampleResult().target.pools.map((pool) => ({ ...pool, freeBytes: 6.1 * GiB }));
    const [first] = lens({ verdictNow: 'exceeds', speed: null, target: { pools: busy } });
    assert.equal(first, '$(check) Fits · 17.8 of 23.5 GiB · only 6.1 free now');
  });

  it('gives a bare model its sizes, its three uses and the target', () => {
    const kv = { ...term('kvCache', 1), size: { low: 0, expected: 8192 * 128 * KiB, high: 0 } };
    const run = sampleResult({
      task: 'generate',
      terms: [term('weights', 15), kv],
      speed: { name: 'decode', perSecond: 52 },
    });
    const qlora = sampleResult({ model: { weightBytes: 4.9 * GiB } });
    const full = sampleResult({ verdict: 'exceeds', peak: [110, 120, 130] });
    const parts = lensText({ result: run, variants: languageVariants(run, qlora, full) });
    assert.deepEqual(
      parts.map((part) => part.text),
      [
        '8.03 B · bf16 15.0 · 4-bit 4.9 GiB · KV 128 KiB/token',
        'Run $(check) ~52 tok/s',
        'QLoRA $(check)',
        'Full $(close)',
        'RTX 4090',
      ],
    );
    assert.equal(parts[3]?.tooltip, 'Full fine-tuning does not fit: 120 of 23.5 GiB');
  });

  it('gives a pipeline of diffusers the time of a picture, in 16 bits and offloaded as well', () => {
    const picture = { name: 'image', perSecond: 1 / 17 } as const;
    const run = sampleResult({
      task: 'diffuse',
      model: { parameters: 3.47e9, weightBytes: 12.9 * GiB, dtype: 'f32' },
      speed: picture,
    });
    const half = sampleResult({ task: 'diffuse', model: { weightBytes: 6.5 * GiB }, speed: picture });
    const others = [
      { name: '16-bit', says: 'In 16 bits', heading: 'Memory', smaller: '16-bit', result: half },
      { name: 'Offloaded', says: 'Offloaded', heading: 'Memory', smaller: null, result: half },
    ];
    assert.deepEqual(
      lensText({ result: run, variants: { run, others } }).map((part) => part.text),
      [
        '3.47 B · fp32 12.9 · 16-bit 6.5 GiB',
        'Run $(check) ~17 s an image',
        '16-bit $(check)',
        'Offloaded $(check)',
        'RTX 4090',
      ],
    );
  });

  it('names what a model that writes no text is run for', () => {
    const embed = { name: 'embed', perSecond: 2100 } as const;
    const [, run] = ['embed', 'classify', 'transcribe'].map((task) => {
      const result = sampleResult({ task: task as 'embed', speed: embed });
      return lensText({ result, variants: { run: result, others: [] } })[1]?.text;
    });
    assert.equal(run, 'Classify $(check) ~2.1k seq/s');
  });

  it('names the quantisation that a bare model is stored in, once', () => {
    const run = sampleResult({
      task: 'generate',
      model: {
        weightBytes: 5.3 * GiB,
        quantization: { method: 'awq', bits: 4, groupSize: 128 },
      },
      terms: [term('weights', 5.3)],
      speed: null,
    });
    const [first] = lensText({ result: run, variants: languageVariants(run, run, run) });
    assert.equal(first?.text, '8.03 B · awq 4-bit 5.3 GiB');
  });

  it('says on the target why the wanted one was not taken', () => {
    const parts = lensText(
      { result: sampleResult(), variants: null },
      { targetProblem: 'No accelerator is called "rtx 9999".' },
    );
    assert.equal(parts[1]?.text, '$(warning) RTX 4090');
    assert.equal(parts[1].tooltip, 'No accelerator is called "rtx 9999".');
    const onCpu = lensText(
      { result: sampleResult({ target: cpuTarget, speed: null }), variants: null },
      { targetProblem: 'No accelerator is called "rtx 9999".' },
    );
    assert.deepEqual(
      onCpu.map((part) => part.text),
      ['$(check) Fits · 17.8 of 13.0 GiB RAM', '$(warning) CPU'],
    );
  });

  it('becomes one plain line in a terminal', () => {
    const parts = lensText({ result: sampleResult({ speed: null }), variants: null });
    assert.equal(plainLens(parts), '✓ Fits · 17.8 of 23.5 GiB | RTX 4090');
  });

  it('gives a document that cannot be answered one sentence', () => {
    assert.deepEqual(
      sentenceLens('config.json is 200 MB, which no model config is.').map((part) => part.text),
      ['$(question) Cannot tell: config.json is 200 MB, which no model config is'],
    );
  });
});
