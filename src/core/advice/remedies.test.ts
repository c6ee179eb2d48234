import assert from 'node:assert/strict';
import { inferenceJob, jobDocument, trainingJob } from '../../../test/estimate/jobDocument';
import { clipText, pipeline, sdxlUnet, sdxlVae } from '../../../test/estimate/pipeline';
import { resolveTarget } from '../hardware/resolveTarget';
import type { Target } from '../hardware/target';
import type { JobDocument } from '../job/jobDocument';
import { blueprintFromConfig } from '../model/blueprintFromConfig';
import type { Quantization } from '../model/blueprint';
import { findRemedies, type Suggestion } from './remedies';
import { tryOut, tryWith, type Situation } from './whatFits';

const qwen7b = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  hidden_size: 3584,
  intermediate_size: 18944,
  num_hidden_layers: 28,
  num_attention_heads: 28,
  num_key_value_heads: 4,
  vocab_size: 152064,
  max_position_embeddings: 131072,
  torch_dtype: 'bfloat16',
  tie_word_embeddings: false,
};

function situation(job: JobDocument, name = 'rtx4090', quantization: Quantization | null = null): Situation {
  const resolution = resolveTarget(name, { machine: null, choice: 'chosen' });
  const target: Target = resolution.ok ? resolution.target : assert.fail(resolution.message);
  const setting = { ...jobDocument().models[0]!, quantization };
  return {
    job: { ...job, models: [setting] },
    models: [{ setting, id: null, source: 'test', outcome: blueprintFromConfig(qwen7b) }],
    target,
    headroom: 0,
  };
}

function remedies(of: Situation): readonly Suggestion[] {
  return findRemedies(tryOut(of), (path) =>
    path === 'training.microBatch' ? 'per_device_train_batch_size' : null,
  );
}

const nf4 = { method: 'bnb-nf4', doubleQuant: true };

describe('findRemedies', () => {
  it('has nothing to say about a job that fits', () => {
    assert.deepEqual(remedies(situation(inferenceJob({ contextLength: 2048 }))), []);
  });

  it('was estimated again for every one, and says so in the title', () => {
    const of = situation(
      trainingJob({ method: 'lora', microBatch: 8, sequenceLength: 4096 }),
      'rtx4090',
      nf4,
    );
    const found = remedies(of);
    assert.ok(found.length >= 3);
    for (const remedy of found) {
      const after = tryWith(of, remedy.set);
      assert.equal(remedy.expectedBytes, Math.round(after.peakBytes));
      assert.equal(remedy.verdict, after.judgement.verdict);
      assert.match(remedy.title, / → \d+(\.\d)? of 23\.5 GiB/);
    }
  });

  it('offers nothing that closes less than a tenth of the gap', () => {
    const of = situation(inferenceJob({ contextLength: 8192 }), 'rtx3050-8gb');
    const tried = tryOut(of);
    const gap = tried.peakBytes - (tried.judgement.pool?.usableBytes ?? 0);
    assert.ok(gap > 0);
    for (const remedy of findRemedies(tried))
      assert.ok(
        remedy.verdict !== 'exceeds' || tried.peakBytes - remedy.expectedBytes > 0.1 * gap,
        remedy.title,
      );
  });

  it('puts what leaves the results alone first, and says what changes them', () => {
    const found = remedies(
      situation(trainingJob({ method: 'lora', microBatch: 8, sequenceLength: 4096 }), 'rtx4090', nf4),
    );
    const changes = found.map((remedy) => remedy.changesResults);
    assert.deepEqual(
      [...changes].sort((a, b) => Number(a) - Number(b)),
      changes,
    );
    for (const remedy of found) assert.equal(remedy.title.includes('changes results'), remedy.changesResults);
  });

  it('raises accumulation as it lowers the micro batch', () => {
    const found = remedies(
      situation(
        trainingJob({ method: 'lora', microBatch: 8, sequenceLength: 2048, gradientCheckpointing: 'full' }),
        'rtx4090',
        nf4,
      ),
    );
    const smaller = found.find((remedy) => 'training.microBatch' in remedy.set);
    assert.ok(smaller);
    const { 'training.microBatch': batch, 'training.gradientAccumulation': accumulation } = smaller.set;
    assert.equal(Number(batch) * Number(accumulation), 8);
    assert.ok(smaller.title.startsWith(`per_device_train_batch_size ${String(batch)}, accumulation `));
    assert.ok(smaller.title.endsWith('same effective batch'));
  });

  it('offers no fused cross entropy where the objective needs the probabilities', () => {
    const training = { method: 'lora' as const, microBatch: 8, sequenceLength: 4096 };
    const fused = (objective: 'sft' | 'dpo'): boolean =>
      remedies(situation(trainingJob({ ...training, objective }), 'rtx4090', nf4)).some(
        (remedy) => 'training.loss' in remedy.set,
      );
    assert.ok(fused('sft'));
    assert.ok(!fused('dpo'));
  });

  it('offers the longest context that fits', () => {
    const of = situation(
      inferenceJob({ contextLength: 131072 }, { engine: { name: 'vllm', version: null, backend: null } }),
    );
    const shorter = remedies(of).find((remedy) => 'inference.contextLength' in remedy.set);
    assert.ok(shorter);
    const length = Number(shorter.set['inference.contextLength']);
    assert.equal(shorter.verdict, 'fits');
    assert.equal(length % 1024, 0);
    assert.notEqual(tryWith(of, { 'inference.contextLength': length + 1024 }).judgement.verdict, 'fits');
  });

  it('offers a pipeline 16 bits, offload and tiles, what leaves the pictures alone first', () => {
    const models = pipeline({ unet: sdxlUnet, vae: sdxlVae, text_encoder: clipText });
    const base = jobDocument();
    const job: JobDocument = {
      ...base,
      task: 'diffuse',
      engine: { name: 'diffusers', version: null, backend: null },
      models: models.slice(0, 1).map((model) => model.setting),
    };
    const small = situation(job, 'RTX 2060 6GB');
    const found = remedies({ ...small, job, models });
    assert.ok(found.length > 3);
    assert.match(found[0]?.title ?? '', /^Sequential offload → \d/);
    assert.ok(found.some(({ title }) => title.startsWith('16-bit weights, model offload (changes results)')));
    const changing = found.map(({ changesResults }) => Number(changesResults));
    assert.deepEqual(changing, changing.toSorted());
  });
});
