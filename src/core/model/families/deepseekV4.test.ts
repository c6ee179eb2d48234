import assert from 'node:assert/strict';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { weightBytes } from '../quantisation/weightBytes';

describe('DeepSeek-V4', () => {
  const outcome = blueprintFromConfig({
    architectures: ['DeepseekV4ForCausalLM'],
    num_hidden_layers: 3,
    compress_ratios: [0, 4, 128, 0],
    num_hash_layers: 1,
    num_nextn_predict_layers: 1,
  });

  it("knows the names of DeepSeek's own checkpoints", () => {
    assert.ok(outcome.ok);
    const stored = new Map(
      outcome.blueprint.tensors.flatMap(({ stored = [] }) => stored.map(({ name, shape }) => [name, shape])),
    );
    // Names as transformers' conversion table for deepseek_v4 takes them from published files.
    for (const [name, shape] of [
      ['embed.weight', [129280, 4096]],
      ['head.weight', [129280, 4096]],
      ['norm.weight', [4096]],
      ['hc_head_fn', [4, 16384]],
      ['layers.0.attn_norm.weight', [4096]],
      ['layers.0.hc_attn_fn', [24, 16384]],
      ['layers.0.hc_ffn_scale', [3]],
      ['layers.0.attn.attn_sink', [64]],
      ['layers.0.attn.wq_a.weight', [1024, 4096]],
      ['layers.0.attn.q_norm.weight', [1024]],
      ['layers.0.attn.wq_b.weight', [32768, 1024]],
      ['layers.0.attn.wkv.weight', [512, 4096]],
      ['layers.0.attn.kv_norm.weight', [512]],
      ['layers.0.attn.wo_a.weight', [8192, 4096]],
      ['layers.0.attn.wo_b.weight', [4096, 8192]],
      ['layers.0.ffn.gate.tid2eid', [129280, 6]],
      ['layers.1.ffn.gate.bias', [256]],
      ['layers.1.ffn.experts.{}.w1.weight', [2048, 4096]],
      ['layers.1.ffn.shared_experts.w2.weight', [4096, 2048]],
      ['layers.1.attn.compressor.ape', [4, 1024]],
      ['layers.1.attn.compressor.wgate.weight', [1024, 4096]],
      ['layers.1.attn.compressor.norm.weight', [512]],
      ['layers.1.attn.indexer.wq_b.weight', [8192, 1024]],
      ['layers.1.attn.indexer.weights_proj.weight', [64, 4096]],
      ['layers.1.attn.indexer.compressor.wkv.weight', [256, 4096]],
      ['layers.2.attn.compressor.ape', [128, 512]],
    ] as const)
      assert.deepEqual(stored.get(name), shape, name);
  });

  it('has the prediction layer of the published checkpoint beside the model', () => {
    assert.ok(outcome.ok);
    const { checkpointOnly = [] } = outcome.blueprint;
    const names = checkpointOnly.flatMap(({ stored = [] }) =>
      stored.flatMap(({ name, count }) =>
        Array.from({ length: count ?? 1 }, (_, expert) => name.replace('{}', String(expert))),
      ),
    );
    // The file of DeepSeek-V4-Flash's prediction layer holds 1575 tensors, of which 778 are scales of quantised matrices.
    assert.equal(names.length, 1575 - 778);
    for (const name of [
      'mtp.0.e_proj.weight',
      'mtp.0.enorm.weight',
      'mtp.0.hc_head_fn',
      'mtp.0.ffn.experts.255.w3.weight',
    ])
      assert.ok(names.includes(name), name);
  });

  it('takes the bytes of the published checkpoint: experts in four bits', () => {
    const whole = blueprintFromConfig({
      architectures: ['DeepseekV4ForCausalLM'],
      torch_dtype: 'bfloat16',
      compress_ratios: [0, 0, ...Array.from({ length: 41 }, (_, index) => (index % 2 === 0 ? 4 : 128)), 0],
      expert_dtype: 'fp4',
      quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128], scale_fmt: 'ue8m0' },
    });
    assert.ok(whole.ok);
    // The repository deepseek-ai/DeepSeek-V4-Flash takes 0.16 TB, its prediction layer included.
    const { total } = weightBytes(whole.blueprint, whole.blueprint.quantization);
    assert.equal((total / 1e12).toFixed(2), '0.16');
  });

  it('keeps near tokens and compressed entries', () => {
    assert.ok(outcome.ok);
    assert.deepEqual(
      outcome.blueprint.layers.map(({ attention }) => [attention?.window, attention?.compressed]),
      [
        [128, undefined],
        [128, { ratio: 4, dim: 512, indexerDim: 128 }],
        [128, { ratio: 128, dim: 512, indexerDim: 0 }],
      ],
    );
  });

  it('refuses ratios that the class does not know', () => {
    const bad = blueprintFromConfig({
      architectures: ['DeepseekV4ForCausalLM'],
      num_hidden_layers: 2,
      compress_ratios: [0, 5],
    });
    assert.ok(!bad.ok);
    assert.match(bad.reason, /compress_ratios is \[0,5\], expected entries of 0, 4 or 128/u);
  });
});
