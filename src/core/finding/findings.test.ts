import assert from 'node:assert/strict';
import { inferenceJob, jobDocument, trainingJob } from '../../../test/estimate/jobDocument';
import { resolveTarget } from '../hardware/resolveTarget';
import type { Target, TargetChoice } from '../hardware/target';
import type { Job, SettingOrigin } from '../job/job';
import type { JobDocument } from '../job/jobDocument';
import type { ResolvedModel } from '../job/resolvedModel';
import type { BlueprintOutcome, Quantization } from '../model/blueprint';
import { blueprintFromConfig } from '../model/blueprintFromConfig';
import { answer } from './answer';
import type { Finding } from './finding';
import { findingsFor } from './findings';
import { fragmentFinding } from './rules/fragment';
import { settingProblemFinding } from './rules/impossibleValue';
import type { RuleSubject } from './rules/rule';
import { unreadableConfigFinding } from './rules/unreadableConfig';

const llama8b = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  vocab_size: 128256,
  max_position_embeddings: 131072,
  torch_dtype: 'bfloat16',
  tie_word_embeddings: false,
};

function targetOf(name: string, choice: TargetChoice): Target {
  const resolution = resolveTarget(name, { machine: null, choice });
  return resolution.ok ? resolution.target : assert.fail(resolution.message);
}

interface Options {
  readonly target?: string;
  readonly choice?: TargetChoice;
  readonly outcome?: BlueprintOutcome;
  readonly written?: Readonly<Record<string, string>>;
  readonly bareModel?: boolean;
}

/** Every written key has a span of its own: its position among them. */
function subject(document: JobDocument, options: Options = {}): RuleSubject {
  const models: ResolvedModel[] = document.models.map((setting) => ({
    setting,
    id: 'org/model',
    source: 'test',
    outcome: options.outcome ?? blueprintFromConfig(llama8b),
  }));
  const origins: Record<string, SettingOrigin> = {};
  Object.entries(options.written ?? {}).forEach(([path, key], index) => {
    const span = { start: 100 + 10 * index, end: 105 + 10 * index };
    origins[path] = {
      origin: 'exact',
      source: 'config.yaml',
      file: '/w/config.yaml',
      key,
      keySpan: span,
      valueSpan: span,
    };
  });
  const job: Job = {
    document,
    origins,
    anchor: { start: 0, end: 4 },
    anchorKey: 'base_model',
    modelReferences: [null],
    declaredTarget: null,
  };
  const target = targetOf(options.target ?? 'rtx4090', options.choice ?? 'chosen');
  const result = answer({ kind: 'test', job, models, target, machine: null, file: null, line: 1 });
  return { job, models, target, result, bareModel: options.bareModel ?? false };
}

const vllm = { engine: { name: 'vllm' as const, version: null, backend: null } };

describe('findingsFor', () => {
  it('gives the verdict alone, without a code, where nothing is wrong', () => {
    const [finding, ...rest] = findingsFor(subject(inferenceJob({ contextLength: 4096 })));
    assert.deepEqual(rest, []);
    assert.ok(finding);
    assert.equal(finding.code, null);
    assert.equal(finding.severity, null);
    assert.equal(finding.verdict, 'fits');
  });

  it('points at the key whose growth costs most', () => {
    const written = {
      'inference.contextLength': 'max_length',
      'inference.concurrency': 'batch_size',
    };
    const many = findingsFor(
      subject(inferenceJob({ contextLength: 2048, concurrency: 256 }), { written }),
    )[0];
    assert.ok(many);
    assert.equal(many.code, 'exceeds-memory');
    assert.match(many.message, /^batch_size 256 needs /);
    assert.equal(many.span.start, 110);
    const long = findingsFor(
      subject(inferenceJob({ contextLength: 131072, concurrency: 1 }), { written }),
    )[0];
    assert.ok(long);
    assert.match(long.message, /^max_length 131072 needs .* fits\.$/);
    assert.equal(long.span.start, 100);
  });

  it('says tight as information, with both ends', () => {
    const lengths = Array.from({ length: 12 }, (_, index) => 5000 * (index + 1));
    const tight = lengths
      .map((contextLength) => findingsFor(subject(inferenceJob({ contextLength })))[0])
      .find((finding) => finding?.verdict === 'tight');
    assert.ok(tight);
    assert.equal(tight.code, 'tight-memory');
    assert.equal(tight.severity, 'information');
    assert.match(tight.message, /needs \d+\.\d to \d+\.\d GiB, RTX 4090 has 23\.5/);
  });

  it('says in our words what vLLM would refuse', () => {
    const [finding] = findingsFor(
      subject(inferenceJob({ contextLength: 131072 }, vllm), {
        written: { 'inference.contextLength': 'max-model-len' },
      }),
    );
    assert.ok(finding);
    assert.equal(finding.code, 'refuses-to-start');
    assert.match(finding.message, /^One sequence of 131072 tokens needs 16\.0 GiB of KV cache/);
    assert.equal(finding.span.start, 100);
    assert.ok(finding.remedies.some((remedy) => 'inference.contextLength' in remedy.set));
  });

  it('counts devices', () => {
    const document = { ...trainingJob({}), parallel: { ...jobDocument().parallel, data: 8 } };
    const [finding] = findingsFor(subject(document));
    assert.ok(finding);
    assert.equal(finding.code, 'needs-more-devices');
    assert.equal(finding.message, 'This job is written for 8 devices, RTX 4090 has 1.');
  });

  it('says which model is missing, and which value cannot be', () => {
    const missing = findingsFor(
      subject(inferenceJob({}), {
        outcome: { ok: false, reason: 'org/model is not on this machine.', problems: [] },
      }),
    )[0];
    assert.ok(missing);
    assert.equal(missing.code, 'model-not-found');
    assert.equal(missing.message, 'org/model is not on this machine.');
    const broken = findingsFor(
      subject(inferenceJob({}), {
        outcome: blueprintFromConfig({ ...llama8b, num_hidden_layers: -3 }),
        written: { num_hidden_layers: 'num_hidden_layers' },
      }),
    )[0];
    assert.ok(broken);
    assert.equal(broken.code, 'impossible-value');
    assert.equal(broken.severity, 'error');
    assert.match(broken.message, /^num_hidden_layers is -3; expected .+\.$/);
    assert.equal(broken.span.start, 100);
  });

  it('keeps quiet about memory on hardware that nobody chose, and on bare models', () => {
    const big = inferenceJob({ contextLength: 131072, concurrency: 64 });
    const fallback = findingsFor(subject(big, { choice: 'fallback' }))[0];
    assert.ok(fallback);
    assert.deepEqual([fallback.code, fallback.severity], ['exceeds-memory', null]);
    const bare = findingsFor(subject(big, { bareModel: true }))[0];
    assert.ok(bare);
    assert.equal(bare.severity, null);
  });

  it('turns problems of the text itself into findings', () => {
    const span = { start: 3, end: 9 };
    assert.equal(fragmentFinding('no model', span).severity, null);
    assert.equal(unreadableConfigFinding('line 3', span).severity, 'error');
    const problem = settingProblemFinding(
      { code: 'impossible-value', message: 'no', keySpan: span, valueSpan: null },
      { start: 0, end: 1 },
      null,
    );
    assert.deepEqual(problem.span, span);
    assert.equal(problem.verdict, 'unknown');
  });

  describe('unreached-modules', () => {
    const qwen30b = {
      architectures: ['Qwen3MoeForCausalLM'],
      hidden_size: 2048,
      intermediate_size: 6144,
      moe_intermediate_size: 768,
      num_hidden_layers: 48,
      num_attention_heads: 32,
      num_key_value_heads: 4,
      head_dim: 128,
      num_experts: 128,
      num_experts_per_tok: 8,
      vocab_size: 151936,
      tie_word_embeddings: false,
      torch_dtype: 'bfloat16',
    };
    const found = (
      engine: JobDocument['engine'],
      quantization: Quantization,
      config: Readonly<Record<string, unknown>> = qwen30b,
    ): readonly Finding[] => {
      const plain = jobDocument({ engine, task: 'train' });
      const document = {
        ...plain,
        models: plain.models.map((model) => ({ ...model, quantization })),
        training: { ...plain.training, method: 'lora' as const, gradientCheckpointing: 'full' as const },
      };
      const written = { 'models.0.quantization': 'load_in_4bit' };
      const outcome = blueprintFromConfig(config);
      return findingsFor(subject(document, { outcome, written, target: 'H100 80GB' })).filter(
        ({ code }) => code === 'unreached-modules',
      );
    };
    const transformers = (version: string | null): JobDocument['engine'] => ({
      name: 'transformers',
      version,
      backend: null,
    });
    const nf4: Quantization = { method: 'bnb-nf4', bits: 4, doubleQuant: true };

    it('names a 4-bit load whose experts stay in 16 bits, on its key, with bytes and a way out', () => {
      const [finding] = found(transformers(null), nf4);
      assert.ok(finding);
      assert.equal(finding.severity, 'warning');
      assert.equal(finding.span.start, 100);
      assert.equal(
        finding.message,
        'bitsandbytes NF4 does not reach the fused experts (model.layers.0.mlp.experts.gate_up_proj and 95 more): ' +
          '54.0 of 55.6 GiB of weights (97 %) stay in bf16; reached they would take 13.9. transformers keeps experts ' +
          'in bare parameters since 5.0; FP8 (FineGrainedFP8Config) reaches them, as do vLLM and transformers 4.',
      );
      // More than three quarters of an 80 GB card before anything is trained.
      assert.ok((finding.result?.model.weightBytes ?? 0) > 55 * 2 ** 30);
    });

    it('is silent where the loader reaches the experts', () => {
      assert.deepEqual(found(transformers('4.57.6'), nf4), []);
      assert.deepEqual(found(transformers(null), { method: 'fp8', blockShape: [128, 128] }), []);
      assert.deepEqual(
        found({ name: 'axolotl', version: null, backend: null }, { ...nf4, experts: true }),
        [],
      );
      assert.deepEqual(found({ name: 'unsloth', version: null, backend: null }, nf4), []);
      assert.deepEqual(found(transformers(null), nf4, llama8b), []);
    });

    it("tells axolotl's key, and that older Unsloth did not reach them", () => {
      const [axolotl] = found({ name: 'axolotl', version: null, backend: null }, nf4);
      assert.match(axolotl?.message ?? '', /quantize_moe_experts: true reaches them\.$/);
      assert.equal(found({ name: 'unsloth', version: '2026.5', backend: null }, nf4).length, 1);
    });

    it('says what torchao would need, and that a class of its own is passed by', () => {
      const [torchao] = found(transformers(null), { method: 'torchao', type: 'int8', bits: 8 });
      assert.match(torchao?.message ?? '', /^torchao int8 does not reach the fused experts .* FqnToConfig/);
      const falcon = { architectures: ['FalconForCausalLM'], model_type: 'falcon', torch_dtype: 'bfloat16' };
      const [derived] = found(transformers(null), nf4, falcon);
      assert.match(
        derived?.message ?? '',
        /own linear class \(transformer\.h\.0\.self_attention\.query_key_value/,
      );
    });

    it('is no diagnostic for a bare model', () => {
      const document = inferenceJob({});
      const models = document.models.map((model) => ({ ...model, quantization: nf4 }));
      const outcome = blueprintFromConfig(qwen30b);
      const all = findingsFor(subject({ ...document, models }, { outcome, bareModel: true }));
      assert.equal(all.find(({ code }) => code === 'unreached-modules')?.severity, null);
    });
  });
});
