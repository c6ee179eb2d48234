import assert from 'node:assert/strict';
import { resolveTarget } from '../hardware/resolveTarget';
import type { Job } from '../job/job';
import type { JobDocument } from '../job/jobDocument';
import type { ResolvedModel } from '../job/resolvedModel';
import { blueprintFromConfig } from '../model/blueprintFromConfig';
import { answer } from './answer';
import { findingsFor } from './findings';
import { jobDocument } from '../../../test/estimate/jobDocument';
import { whatIf } from './whatIf';

const llama8b = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  vocab_size: 128256,
  max_position_embeddings: 8192,
  torch_dtype: 'bfloat16',
  tie_word_embeddings: false,
};

function subject(changes: Partial<JobDocument>, target = 'rtx4090') {
  const document = jobDocument(changes);
  const resolution = resolveTarget(target, { machine: null, choice: 'chosen' });
  if (!resolution.ok) throw new Error(resolution.message);
  const models: ResolvedModel[] = [
    {
      setting: document.models[0]!,
      id: 'meta-llama/Meta-Llama-3-8B',
      source: 'config.json beside the file',
      outcome: blueprintFromConfig(llama8b),
    },
  ];
  const span = { start: 10, end: 26 };
  const written = (key: string) => ({
    origin: 'exact' as const,
    source: 'config.yaml line 3',
    file: '/w/config.yaml',
    key,
    keySpan: span,
    valueSpan: span,
  });
  const job: Job = {
    document,
    origins: {
      'training.microBatch': written('micro_batch_size'),
      'training.gradientAccumulation': written('gradient_accumulation_steps'),
      'training.sequenceLength': written('sequence_len'),
    },
    anchor: { start: 0, end: 10 },
    anchorKey: 'base_model',
    modelReferences: [null],
    declaredTarget: null,
  };
  const result = answer({
    kind: 'axolotl',
    job,
    models,
    target: resolution.target,
    machine: null,
    file: '/w/config.yaml',
    line: 1,
  });
  return { job, models, target: resolution.target, result, bareModel: false };
}

describe('answer', () => {
  it('fits a short QLoRA run of an 8B model on 24 GB and says what it takes', () => {
    const { result } = subject({
      task: 'train',
      models: [jobDocument({}).models[0]!].map((model) => ({
        ...model,
        quantization: { method: 'bnb-nf4', doubleQuant: true },
      })),
      training: { ...jobDocument({}).training, method: 'lora', gradientCheckpointing: 'full' },
    });
    assert.equal(result.verdict, 'fits');
    assert.equal(result.model.parameters, 8030261248);
    assert.ok(result.model.trainableParameters > 0);
    assert.match(result.reason, /^Needs \d+\.\d of 23\.5 GiB: weights 5\.\d/);
    assert.ok((result.limits.maxMicroBatch ?? 0) >= 1);
  });

  it('says what exceeds, by how much, and on which key', () => {
    const all = subject({
      task: 'train',
      training: {
        ...jobDocument({}).training,
        method: 'lora',
        microBatch: 8,
        gradientCheckpointing: 'full',
      },
      models: [{ ...jobDocument({}).models[0]!, quantization: { method: 'bnb-nf4', doubleQuant: true } }],
    });
    assert.equal(all.result.verdict, 'exceeds');
    assert.equal(all.result.failure, 'oom');
    const [finding] = findingsFor(all);
    assert.ok(finding);
    assert.equal(finding.code, 'exceeds-memory');
    assert.match(
      finding.message,
      /^micro_batch_size 8 needs \d+\.\d GiB, RTX 4090 has 23\.5: logits \d+\.\d, .*\. [1-7] fits\.$/,
    );
    assert.deepEqual(finding.span, { start: 10, end: 26 });
    const half = all.result.remedies.find((remedy) => 'training.microBatch' in remedy.set);
    assert.match(
      half?.title ?? '',
      /^micro_batch_size \d, gradient_accumulation_steps \d → \d+\.\d of 23\.5 GiB, same effective batch$/,
    );
    assert.equal(half?.verdict, 'fits');
  });

  it('keeps the identities of the peaks to the byte', () => {
    const { result } = subject({ task: 'train' }, 'H100');
    for (const device of result.memory.perDevice) {
      const total = (names: (name: string) => boolean, end: 'low' | 'expected' | 'high') =>
        device.terms.filter((term) => names(term.name)).reduce((sum, term) => sum + term.bytes[end], 0);
      for (const end of ['low', 'expected', 'high'] as const) {
        const inner = total((name) => name !== 'fragmentation' && name !== 'runtime', end);
        assert.equal(inner, device.allocatedPeak[end]);
        assert.equal(inner + total((name) => name === 'fragmentation', end), device.reservedPeak[end]);
        assert.equal(
          total(() => true, end),
          device.devicePeak[end],
        );
      }
    }
  });

  it('makes a table of neighbouring values for a key', () => {
    const all = subject({ task: 'train', training: { ...jobDocument({}).training, microBatch: 4 } });
    const table = whatIf(all, 'training.microBatch');
    assert.ok(table);
    assert.deepEqual(
      table.rows.map((row) => row.value),
      [1, 2, 4, 8, 16],
    );
    const peaks = table.rows.map((row) => row.peakBytes);
    assert.deepEqual(
      [...peaks].sort((a, b) => a - b),
      peaks,
    );
    assert.equal(table.rows.filter((row) => row.current).length, 1);
    assert.ok((table.bytesEach ?? 0) > 0);
  });

  it('answers how fast a model generates, from the catalogue', () => {
    const { result } = subject({ task: 'generate' });
    assert.equal(result.verdict, 'fits');
    const decode = result.speed.phases.find((phase) => phase.name === 'decode');
    assert.equal(decode?.origin, 'catalogue');
    assert.ok(decode.perSecond.low > 5 && decode.perSecond.high < 80);
  });
});
