import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyEdits } from '../document/editDocument';
import type { Job, Recognition } from '../job';
import { recognise, type Recognised } from '../recognise';
import { jobFile } from './jobFile';

const context = { path: '/w/a.rooflens.json', contextLength: 8192 };

function read(document: unknown): Recognised {
  const text = typeof document === 'string' ? document : JSON.stringify(document, null, 2);
  return recognise(text, context);
}

function recognition(document: unknown): Recognition {
  const { outcome } = read(document);
  assert.equal(outcome.outcome, 'recognised', JSON.stringify(outcome));
  return outcome.recognition;
}

function job(document: unknown): Job {
  const { jobs, problems } = recognition(document);
  assert.deepEqual(problems, []);
  assert.equal(jobs.length, 1);
  return jobs[0]!;
}

const model = { hub: 'meta-llama/Llama-3.1-8B' };

describe('job documents', () => {
  it('fills in every default and says whose it is', () => {
    const { document, origins, anchorKey } = job({ engine: 'llama.cpp', model });
    assert.equal(document.task, 'generate');
    assert.equal(document.inference.contextLength, 8192);
    assert.equal(document.inference.placement.gpuLayers, 'auto');
    assert.deepEqual(document.inference.kv, { k: 'f16', v: 'f16' });
    assert.equal(origins['inference.placement.gpuLayers']?.source, 'llama.cpp: "auto"');
    assert.equal(origins['training.microBatch']?.origin, 'default');
    assert.equal(origins['engine.name']?.origin, 'exact');
    assert.equal(anchorKey, 'engine');
    assert.equal(job({ model }).document.inference.placement.gpuLayers, 'all');
  });

  it('writes the shorthands out', () => {
    const { document } = job({
      engine: 'transformers',
      model,
      inference: { kv: 'q8_0' },
      training: { method: 'qlora', optimizer: 'paged_adamw_8bit', precision: { weights: 'float16' } },
    });
    assert.deepEqual(document.inference.kv, { k: 'q8_0', v: 'q8_0' });
    assert.equal(document.training.method, 'lora');
    assert.deepEqual(document.models[0]?.quantization, { method: 'bnb-nf4', doubleQuant: true });
    assert.deepEqual(document.training.optimizer, {
      name: 'paged_adamw_8bit',
      stateBits: null,
      paged: true,
      implementation: null,
      inBackward: false,
    });
    assert.deepEqual(document.training.precision, {
      weights: 'f16',
      compute: 'f16',
      master: null,
      gradients: 'f16',
      reduce: null,
    });
  });

  it('takes a document that only trains for training, and keeps the three ways to say nothing of quantisation apart', () => {
    assert.equal(job({ model, training: {} }).document.task, 'train');
    assert.equal(job({ engine: 'torchtune', model }).document.task, 'train');
    assert.equal(job({ model, training: {}, inference: {} }).document.task, 'generate');
    assert.equal(job({ model }).document.models[0]?.quantization, undefined);
    assert.equal(job({ model: { ...model, quantization: null } }).document.models[0]?.quantization, null);
  });

  it('reads back what it prints', () => {
    const { document, origins } = job({ engine: 'vllm', model, inference: { concurrency: 4 } });
    assert.deepEqual(job({ ...document, origins }).document, document);
  });

  it('names an unknown key with the nearest known one, at its place', () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [
        { model, training: { micro_batch: 2 } },
        '"training.micro_batch" is no key of a job document; the nearest known key is "microBatch"',
      ],
      [
        { model, microBatch: 2 },
        '"microBatch" is no key of a job document; the nearest known key is "inference.microBatch"',
      ],
      [{ model, training: { optimizer: { nam: 'adamw' } } }, 'training.optimizer.name is missing'],
      [
        { model, training: { optimizer: { name: 'adamw', page: true } } },
        '"training.optimizer.page" is no key of a job document; the nearest known key is "paged"',
      ],
      [{ model: { hubb: 'x' } }, '"model.hubb" is no key of a job document; the nearest known key is "hub"'],
      [{ model, engin: 'vllm' }, '"engin" is no key of a job document; the nearest known key is "engine"'],
    ];
    for (const [document, message] of cases) {
      const { problems } = recognition(document);
      assert.ok(
        problems.some((problem) => problem.message === message),
        JSON.stringify(problems),
      );
      assert.ok(problems.every((problem) => problem.valueSpan !== null));
    }
  });

  it('names key, value and expectation of an impossible value', () => {
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [
        { model, training: { microBatch: -3 } },
        /^training\.microBatch is -3, expected a positive whole number/,
      ],
      [
        { model, training: { microBatch: 1.5 } },
        /^training\.microBatch is 1\.5, expected a positive whole number/,
      ],
      [{ model, inference: { contextLength: '8k' } }, /^inference\.contextLength is "8k", expected/],
      [
        '{"model": {"hub": "x"}, "inference": {"contextLength": 1e308}}',
        /^inference\.contextLength is 1e\+308, expected/,
      ],
      [
        '{"model": {"hub": "x"}, "inference": {"contextLength": NaN}}',
        /^inference\.contextLength is NaN, expected/,
      ],
      [{ model, engine: 'vlm' }, /^engine is "vlm", expected an engine name/],
      [{ model, training: { precision: 'bf8' } }, /^training\.precision is "bf8", expected one of bf16/],
      [
        { model: { ...model, quantization: { method: 'gptqq' } } },
        /^model\.quantization\.method is "gptqq", expected one of gguf/,
      ],
      [{ model, inference: { memoryFraction: 0 } }, /^inference\.memoryFraction is 0, expected a fraction/],
      [{ model: { hub: 'x', path: './y' } }, /names its model as path and hub/],
      [{ model, models: [model] }, /"model" or "models"/],
      [{ model, training: [] }, /^training is \[\], expected an object/],
    ];
    for (const [document, message] of cases) {
      const { problems, jobs } = recognition(document);
      assert.ok(
        problems.length > 0 && message.test(problems[0]!.message),
        `${message.source} ${JSON.stringify(problems)}`,
      );
      // The rest of the document is still answered.
      assert.equal(jobs.length, 1);
      assert.equal(jobs[0]!.document.training.microBatch, 1);
    }
  });

  it('keeps the answer of what is right beside what is wrong', () => {
    const { problems, jobs } = recognition({
      model: { ...model, dtyp: 'bf16' },
      training: { microBatch: 4, sequenceLength: -1, optimizer: { nam: 'x' } },
      banana: { x: 1 },
    });
    assert.equal(problems.length, 5);
    const [only] = jobs;
    assert.equal(only?.document.training.microBatch, 4);
    assert.equal(only.document.training.sequenceLength, 2048);
    assert.equal(only.document.training.optimizer.name, 'adamw');
  });

  it('is unreadable where nothing is left to answer', () => {
    for (const document of [{ models: [] }, { modell: { hub: 'x' } }, 3, [3], 'x']) {
      const { outcome } = read(document === 'x' ? '"x"' : document);
      assert.equal(outcome.outcome, 'unreadable', JSON.stringify(document));
      assert.ok(outcome.message.length > 0);
    }
  });

  it('offers the word that was meant', () => {
    const [problem] = recognition({ model, engine: 'vlm' }).problems;
    assert.match(problem!.message, /\("vllm"\?\)$/);
    assert.match(
      recognition({ model, training: { method: 'quora' } }).problems[0]!.message,
      /\("qlora"\?\)$/,
    );
  });

  it('reads a list as several jobs and says which document names no model', () => {
    const { jobs, references } = recognition([{ model }, { model: { path: './m' }, task: 'embed' }]);
    assert.deepEqual(
      jobs.map((one) => one.document.task),
      ['generate', 'embed'],
    );
    assert.deepEqual(
      references.map((reference) => reference.name),
      [model.hub, './m'],
    );
    const { outcome } = read({ engine: 'vllm' });
    assert.equal(outcome.outcome, 'fragment');
  });

  it('takes the device that it asks for as its target', () => {
    const declared = (resources: object): string | null => job({ model, resources }).declaredTarget;
    assert.equal(declared({ device: 'rtx4090' }), 'rtx4090');
    assert.equal(declared({ device: 'H100', nodes: 2, devicesPerNode: 8 }), '16x H100');
    assert.equal(declared({}), null);
  });

  it('says nothing but sentences of any JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        read(text);
        read(`{"model": {"hub": "x"}, "training": ${text}, "inference": ${text}}`);
      }),
    );
  });

  it('writes a setting where the document says it', () => {
    const change = (document: unknown, set: Record<string, unknown>): unknown => {
      const text = JSON.stringify(document, null, 2);
      const { outcome, parsed } = read(text);
      assert.ok(outcome.outcome === 'recognised' && parsed !== null);
      const edits = jobFile.edits(parsed, context, outcome.recognition.jobs[0]!, set);
      return edits === null ? null : JSON.parse(applyEdits(text, edits));
    };
    assert.deepEqual(
      change(
        { model, training: { microBatch: 8 } },
        { 'training.microBatch': 4, 'training.gradientAccumulation': 2 },
      ),
      {
        model,
        training: { microBatch: 4, gradientAccumulation: 2 },
      },
    );
    assert.deepEqual(change({ model }, { 'training.microBatch': 4, 'training.packing': true }), {
      model,
      training: { microBatch: 4, packing: true },
    });
    assert.deepEqual(
      change({ engine: 'vllm', model, inference: { kv: 'f16' } }, { 'inference.kv.v': 'q8_0' }),
      {
        engine: 'vllm',
        model,
        inference: { kv: { k: 'f16', v: 'q8_0' } },
      },
    );
    assert.deepEqual(change({ model }, { 'models.0.quantization': { method: 'bnb-nf4' } }), {
      model: { ...model, quantization: { method: 'bnb-nf4' } },
    });
    assert.deepEqual(
      change({ engine: 'vllm', models: [model] }, { 'models.0.dtype': 'bf16', 'engine.version': '0.6.3' }),
      {
        engine: { name: 'vllm', version: '0.6.3' },
        models: [{ ...model, dtype: 'bf16' }],
      },
    );
    assert.deepEqual(
      change({ model, training: { optimizer: 'adamw' } }, { 'training.optimizer.name': 'adamw_8bit' }),
      {
        model,
        training: { optimizer: 'adamw_8bit' },
      },
    );
  });
});
