import assert from 'node:assert/strict';
import { completeJob, type CompletedJob } from './completeJob';
import { draftOf } from './jobInput';
import { setPaths } from './setPaths';

const origin = {
  origin: 'exact',
  source: 'test',
  file: null,
  key: null,
  keySpan: null,
  valueSpan: null,
} as const;

function job(document: object): CompletedJob {
  return completeJob(draftOf({ model: { hub: 'x' }, ...document }, () => origin));
}

function changed(before: CompletedJob, set: Record<string, unknown>): CompletedJob {
  const outcome = setPaths(before, set, '--set');
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.job;
}

describe('setPaths', () => {
  it('changes what it is told and nothing else', () => {
    const before = job({ training: { microBatch: 8, packing: true } });
    const after = changed(before, { 'training.microBatch': 2, 'training.lora.rank': 64 });
    assert.equal(after.document.training.microBatch, 2);
    assert.equal(after.document.training.lora.rank, 64);
    assert.equal(after.document.training.packing, true);
    assert.equal(after.origins['training.microBatch']?.source, '--set');
    assert.equal(after.document.task, 'train');
    assert.equal(before.document.training.microBatch, 8);
  });

  it('takes shorthands and sections', () => {
    const after = changed(job({}), {
      'inference.kv': 'q8_0',
      'inference.placement': { gpuLayers: 20 },
      'training.optimizer.name': 'adamw_8bit',
      'training.method': 'qlora',
      engine: 'ollama',
    });
    assert.deepEqual(after.document.inference.kv, { k: 'q8_0', v: 'q8_0' });
    assert.equal(after.document.inference.placement.gpuLayers, 20);
    assert.equal(after.document.inference.placement.mmap, true);
    assert.equal(after.document.training.optimizer.name, 'adamw_8bit');
    assert.deepEqual(after.document.models[0]?.quantization, { method: 'bnb-nf4', doubleQuant: true });
    assert.equal(after.document.engine.name, 'ollama');
    assert.equal(after.document.task, 'generate');
  });

  it('gives another engine its own defaults', () => {
    const after = changed(job({ engine: 'llama.cpp' }), { 'engine.name': 'vllm' });
    assert.deepEqual(after.document.inference.kv, { k: 'auto', v: 'auto' });
    assert.equal(after.document.inference.placement.gpuLayers, 'all');
  });

  it('changes a model', () => {
    const before = job({});
    assert.equal(changed(before, { 'models.0.dtype': 'float16' }).document.models[0]?.dtype, 'f16');
    assert.equal(changed(before, { 'model.quantization': null }).document.models[0]?.quantization, null);
    const moved = changed(before, { 'models.0.path': './m' }).document.models[0];
    assert.deepEqual([moved?.path, moved?.hub], ['./m', null]);
    assert.equal(
      changed(before, { 'models.0.quantization.method': 'fp8' }).document.models[0]?.quantization?.method,
      'fp8',
    );
  });

  it('refuses in one sentence', () => {
    const refusal = (set: Record<string, unknown>): string => {
      const outcome = setPaths(job({}), set, '--set');
      assert.ok(!outcome.ok);
      return outcome.message;
    };
    assert.match(refusal({ 'training.micro_batch': 2 }), /nearest known key is "microBatch"/);
    assert.match(refusal({ 'training.microBatch': 0 }), /^training\.microBatch is 0, expected/);
    assert.match(refusal({ 'trainig.microBatch': 2 }), /nearest known key is "training"/);
    assert.match(refusal({ 'models.3.dtype': 'bf16' }), /1 models, counted from 0/);
    assert.match(refusal({ 'models.0.dtype': 'int3' }), /^models\.0\.dtype is "int3"/);
    assert.match(refusal({ '': 2 }), /no key/);
  });
});
