import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fixturePath } from '../../../../test/fixtures';
import { jobDocument } from '../../../../test/estimate/jobDocument';
import type { Pool } from '../../hardware/target';
import { resolveTarget } from '../../hardware/resolveTarget';
import type { EngineName, JobDocument } from '../../job/jobDocument';
import type { Blueprint, Quantization } from '../../model/blueprint';
import { blueprintFromConfig } from '../../model/blueprintFromConfig';
import { weightBytes } from '../../model/quantisation/weightBytes';
import { quantisedLoading, type QuantisedLoading } from './quantisedLoading';

function model(architecture: string): Blueprint {
  const outcome = blueprintFromConfig({ architectures: [architecture] });
  return outcome.ok ? outcome.blueprint : assert.fail(outcome.reason);
}

function poolOf(name: string): Pool {
  const resolution = resolveTarget(name, { machine: null, choice: 'chosen' });
  return (resolution.ok ? resolution.target.pools[0] : undefined) ?? assert.fail(name);
}

const job = (name: EngineName, version: string | null, task: JobDocument['task']): JobDocument =>
  jobDocument({ engine: { name, version, backend: null }, task });

const qwen = model('Qwen3MoeForCausalLM');
const gptOss = model('GptOssForCausalLM');
const nf4: Quantization = { method: 'bnb-nf4' };

describe('quantisedLoading', () => {
  const load = (
    engine: EngineName,
    version: string | null,
    quantization: Quantization,
    blueprint = qwen,
    device = 'rtx4090',
    task: JobDocument['task'] = 'train',
  ): QuantisedLoading =>
    quantisedLoading(job(engine, version, task), poolOf(device), blueprint, quantization);

  it('reaches experts by the rules of the engine and its version', () => {
    const reached = (engine: EngineName, version: string | null, blueprint = qwen): boolean | undefined =>
      load(engine, version, nf4, blueprint).quantization?.experts;
    assert.equal(reached('transformers', null), undefined);
    assert.equal(reached('transformers', '5.23.0'), undefined);
    assert.equal(reached('transformers', '4.57.6'), true);
    // Checkpoints of gpt-oss hold the experts together, and so did the class from the start.
    assert.equal(reached('transformers', '4.57.6', gptOss), undefined);
    assert.equal(reached('vllm', null), true);
    assert.equal(reached('unsloth', null), true);
    assert.equal(reached('axolotl', null), undefined);
    assert.equal(reached('transformers', '4.57.6', model('LlamaForCausalLM')), undefined);
  });

  it('reaches linear modules of derived classes by the rules of the engine and its version', () => {
    const falcon = model('FalconForCausalLM');
    const reached = (engine: EngineName, version: string | null, quantization = nf4): boolean | undefined =>
      load(engine, version, quantization, falcon).quantization?.derived;
    assert.equal(reached('transformers', null), undefined);
    assert.equal(reached('transformers', '5.4.0'), true);
    assert.equal(reached('transformers', '4.40'), true);
    assert.equal(reached('litgpt', null), true);
    assert.equal(reached('axolotl', null), undefined);
    assert.equal(reached('litgpt', null, { method: 'gptq', bits: 4 }), undefined);
    const whole = weightBytes(falcon, load('litgpt', null, nf4, falcon).quantization);
    const missed = weightBytes(falcon, load('transformers', null, nf4, falcon).quantization);
    assert.equal(whole.unreached, null);
    assert.ok(missed.unreached !== null && whole.total < missed.total / 2);
  });

  it('leaves alone what the job says of the experts', () => {
    assert.equal(load('axolotl', null, { ...nf4, experts: true }).quantization?.experts, true);
    assert.equal(load('vllm', null, { ...nf4, experts: false }).quantization?.experts, false);
  });

  it('holds in 16 bits what the library unpacks: certain in training, a remark otherwise', () => {
    const packed: Quantization = { method: 'compressed-tensors', bits: 4, type: 'int:pack-quantized' };
    assert.equal(load('axolotl', null, packed).quantization, null);
    assert.match(load('axolotl', null, packed).notes.join(), /unpacks compressed-tensors/);
    const served = load('transformers', null, packed, qwen, 'rtx4090', 'generate');
    assert.deepEqual(served.quantization, packed);
    assert.equal(served.notes.length, 1);
    assert.deepEqual(load('vllm', null, packed, qwen, 'rtx4090', 'generate').notes, []);
    assert.deepEqual(load('transformers', '4.57.6', packed).quantization, packed);
  });

  it('expands FP8 where the device has no FP8 units', () => {
    const fp8: Quantization = { method: 'fp8', blockShape: [128, 128] };
    assert.equal(load('transformers', null, fp8, qwen, 'rtx3090').quantization, null);
    assert.equal(load('transformers', null, fp8, qwen, 'A100 80GB').quantization, null);
    assert.deepEqual(load('transformers', null, fp8, qwen, 'rtx4090').quantization, fp8);
    assert.deepEqual(load('transformers', null, fp8, qwen, 'H100 80GB').quantization, fp8);
  });

  it('expands MXFP4 on CPUs and cards before Turing', () => {
    const mxfp4: Quantization = { method: 'mxfp4', bits: 4 };
    assert.equal(load('transformers', null, mxfp4, gptOss, 'Tesla V100').quantization, null);
    const host: Pool = { ...poolOf('rtx4090'), kind: 'host', vendor: null, computeCapability: null };
    const onHost = quantisedLoading(job('transformers', null, 'generate'), host, gptOss, mxfp4);
    assert.match(onHost.notes.join(), /expands MXFP4/);
    assert.deepEqual(load('transformers', null, mxfp4, gptOss, 'Tesla T4').notes, []);
  });

  it('says that experts with biases are refused in FP8', () => {
    const { runs } = JSON.parse(
      gunzipSync(readFileSync(fixturePath('quant', 'prepared.json.gz'))).toString('utf8'),
    ) as {
      readonly runs: readonly { readonly case: string; readonly model: string; readonly refused?: string }[];
    };
    const recorded = runs.find((run) => run.case === 'fp8-block' && run.model === 'gpt-oss');
    assert.match(recorded?.refused ?? '', /does not support bias/);
    assert.match(load('transformers', null, { method: 'fp8' }, gptOss).refusal ?? '', /experts with biases/);
    assert.equal(load('transformers', null, { method: 'fp8' }).refusal, null);
    assert.equal(load('vllm', null, { method: 'fp8' }, gptOss).refusal, null);
  });

  it('says that transformers 5 refuses HQQ', () => {
    assert.match(load('transformers', null, { method: 'hqq' }).refusal ?? '', /does not load HQQ/);
    assert.equal(load('transformers', '4.57.6', { method: 'hqq' }).refusal, null);
  });
});
