import assert from 'node:assert/strict';
import { quantizationFromConfig } from './quantizationConfig';
import { computesInFp8 } from './computesInFp8';

describe('computesInFp8', () => {
  it('is so where weights and inputs are FP8, by whatever tool', () => {
    const of = (fields: unknown): boolean => {
      const quantization = quantizationFromConfig({ quantization_config: fields });
      return computesInFp8(quantization ?? assert.fail());
    };
    const group = (weights: unknown): unknown => ({
      quant_method: 'compressed-tensors',
      format: 'float-quantized',
      config_groups: { group_0: { targets: ['Linear'], weights, input_activations: { dynamic: true } } },
    });
    assert.ok(of({ quant_method: 'fp8', weight_block_size: [128, 128] }));
    assert.ok(of({ quant_method: 'fbgemm_fp8' }));
    assert.ok(of({ quant_method: 'modelopt', quant_algo: 'FP8' }));
    assert.ok(of(group({ num_bits: 8, type: 'float', strategy: 'channel' })));
    assert.ok(!of({ quant_method: 'modelopt', quant_algo: 'fp8_pb_wo' }));
    assert.ok(!of({ quant_method: 'modelopt', quant_algo: 'NVFP4' }));
    assert.ok(!of({ quant_method: 'awq', bits: 4 }));
    assert.ok(!of({ quant_method: 'gptq', bits: 8 }));
  });
});
