import assert from 'node:assert/strict';
import type { Quantization } from '../blueprint';
import { quantizationFromConfig } from './quantizationConfig';

const read = (fields: unknown): Quantization | null =>
  quantizationFromConfig({ quantization_config: fields });

describe('quantizationFromConfig', () => {
  it('is null for a config that says nothing', () => {
    assert.equal(quantizationFromConfig({}), null);
    assert.equal(quantizationFromConfig({ quantization_config: null }), null);
    assert.equal(quantizationFromConfig({ quantization: { note: 1 } }), null);
  });

  it('reads bitsandbytes with and without double quantisation', () => {
    assert.deepEqual(
      read({
        quant_method: 'bitsandbytes',
        load_in_4bit: true,
        bnb_4bit_quant_type: 'nf4',
        bnb_4bit_use_double_quant: true,
        llm_int8_skip_modules: ['lm_head'],
      }),
      { method: 'bnb-nf4', bits: 4, doubleQuant: true, skip: ['lm_head'] },
    );
    assert.equal(read({ _load_in_4bit: true, load_in_4bit: true })?.method, 'bnb-fp4');
    assert.deepEqual(read({ quant_method: 'bitsandbytes', load_in_8bit: true }), {
      method: 'bnb-int8',
      bits: 8,
    });
  });

  it('reads GPTQ and AWQ; a group of -1 is one per column', () => {
    assert.deepEqual(read({ quant_method: 'gptq', bits: 4, group_size: -1, sym: true }), {
      method: 'gptq',
      bits: 4,
      groupSize: null,
      zeroPoint: false,
      skip: [],
    });
    assert.deepEqual(read({ quant_method: 'awq', w_bit: 4, q_group_size: 128, zero_point: true }), {
      method: 'awq',
      bits: 4,
      groupSize: 128,
      zeroPoint: true,
      skip: [],
    });
  });

  it('reads block-scaled fp8 and what it leaves out', () => {
    assert.deepEqual(
      read({ quant_method: 'fp8', weight_block_size: [128, 128], modules_to_not_convert: ['lm_head'] }),
      { method: 'fp8', bits: 8, blockShape: [128, 128], skip: ['lm_head'] },
    );
  });

  it('reads ModelOpt from the algorithm alone', () => {
    assert.deepEqual(
      read({ quant_algo: 'NVFP4', kv_cache_quant_algo: 'FP8', exclude_modules: ['lm_head'] }),
      {
        method: 'nvfp4',
        bits: 4,
        groupSize: 16,
        skip: ['lm_head'],
        kvCache: 'fp8',
      },
    );
    assert.equal(read({ quant_algo: 'FP8', config_groups: {} })?.method, 'fp8');
  });

  it('reads compressed-tensors groups', () => {
    const quantization = read({
      quant_method: 'compressed-tensors',
      format: 'pack-quantized',
      ignore: ['lm_head'],
      config_groups: {
        group_0: { targets: ['Linear'], weights: { num_bits: 4, type: 'int', group_size: 128 } },
      },
    });
    assert.deepEqual(quantization?.groups, [
      { targets: ['Linear'], bits: 4, groupSize: 128, type: 'int:pack-quantized' },
    ]);
  });

  it('reads MXFP4, HQQ, EXL2 and MLX', () => {
    assert.equal(
      read({ quant_method: 'mxfp4', modules_to_not_convert: ['model.layers.*.self_attn'] })?.bits,
      4,
    );
    assert.deepEqual(
      read({ quant_method: 'hqq', quant_config: { weight_quant_params: { nbits: 3, group_size: 32 } } }),
      { method: 'hqq', bits: 3, groupSize: 32, skip: [] },
    );
    assert.deepEqual(read({ quant_method: 'exl2', bits: 4.25 }), { method: 'exl2', bits: 4.25 });
    assert.deepEqual(quantizationFromConfig({ quantization: { bits: 4, group_size: 32 } }), {
      method: 'mlx',
      bits: 4,
      groupSize: 32,
    });
  });

  it('keeps the name of a method it does not know, and ignores rubbish', () => {
    assert.deepEqual(read({ quant_method: 'QuIP', bits: 'two' }), { method: 'quip', groupSize: null });
    assert.equal(read({ quant_method: 'gptq', bits: -3, group_size: 'x' })?.bits, 4);
  });
});
