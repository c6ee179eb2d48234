import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import type { Finding } from '../../src/core/finding/finding';
import { noCeilings, type Machine } from '../../src/core/hardware/device';
import { GiB } from '../../src/core/units/bytes';
import { analyseText } from '../../src/platform/analysis';

const machine: Machine = {
  os: { platform: 'linux', release: '', container: false, wsl: false, loginNode: false },
  cpu: {
    model: 'any',
    physicalCores: 8,
    logicalCores: 16,
    isa: ['avx2'],
    quotaCores: null,
    ceilings: noCeilings,
  },
  memory: {
    totalBytes: 128 * GiB,
    availableBytes: 96 * GiB,
    limitBytes: null,
    ratedBytesPerSecond: null,
    origin: 'reported',
  },
  devices: [],
};

const qlora = `base_model: Qwen/Qwen3-30B-A3B
load_in_4bit: true
adapter: qlora
lora_r: 16
lora_alpha: 32
lora_target_modules: [q_proj, k_proj, v_proj, o_proj]
sequence_len: 2048
micro_batch_size: 1
gradient_checkpointing: true
learning_rate: 0.0002
datasets:
  - path: a/b
    type: alpaca
`;

interface Answer {
  readonly findings: readonly Finding[];
  readonly weights: number;
}

async function findings(text: string, path: string, target: string): Promise<Answer> {
  const analysis = await analyseText({
    text,
    path: resolve(path),
    workspaceRoot: null,
    target,
    targetChosen: true,
    machine,
    settings: { contextLength: 8192, chatTokensPerSecond: 8, headroomBytes: null },
    modelOverrides: {},
    environment: { HF_HOME: resolve('no-cache') },
  });
  assert.ok(analysis.outcome === 'analysed', analysis.outcome);
  const [job] = analysis.jobs;
  assert.ok(job !== undefined);
  return { findings: job.findings, weights: job.result.model.weightBytes ?? 0 };
}

const unreached = ({ findings: all }: Answer): Finding | undefined =>
  all.find(({ code }) => code === 'unreached-modules');

describe('a 4-bit load that stays at 16 bits', () => {
  it('is named on its key, and is why the job does not fit', async () => {
    const answer = await findings(qlora, 'train.yaml', 'A6000');
    const finding = unreached(answer);
    assert.ok(finding !== undefined);
    assert.equal(finding.severity, 'warning');
    assert.equal(qlora.slice(finding.span.start, finding.span.end), 'load_in_4bit');
    assert.match(finding.message, /97 %\) stay in bf16.* quantize_moe_experts: true reaches them\.$/);
    assert.ok(answer.weights > 55 * GiB, String(answer.weights));
    assert.ok(answer.findings.some(({ code }) => code === 'exceeds-memory'));
    const [remedy] = finding.remedies;
    assert.match(remedy?.title ?? '', /^Quantise the experts \(changes results\) → /);
    assert.equal(remedy?.verdict, 'fits');
    assert.deepEqual(
      remedy.edits.map(({ newText }) => newText.trim()),
      ['quantize_moe_experts: true'],
    );
  });

  it('is gone with what the message says to do, and the job fits', async () => {
    const answer = await findings(`${qlora}quantize_moe_experts: true\n`, 'train.yaml', 'A6000');
    assert.equal(unreached(answer), undefined);
    assert.ok(answer.weights < 17 * GiB, String(answer.weights));
    assert.ok(!answer.findings.some(({ code }) => code === 'exceeds-memory'));
  });

  it('is no matter of a dense model, nor of experts that are stored in 4 bits', async () => {
    assert.equal(unreached(await findings(qlora.replace('30B-A3B', '8B'), 'train.yaml', 'A6000')), undefined);
    const served = JSON.stringify({ engine: 'vllm', model: { hub: 'openai/gpt-oss-20b' } });
    assert.equal(unreached(await findings(served, 'serve.rooflens.json', 'H100 80GB')), undefined);
  });
});
