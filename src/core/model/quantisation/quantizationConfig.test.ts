import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Quantization } from '../blueprint';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { quantizationFromConfig } from './quantizationConfig';
import { quantizationMethods, weightBytes } from './weightBytes';

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
        type: 'NVFP4',
        bits: 4,
        skip: ['lm_head'],
        kvCache: 'fp8',
      },
    );
    assert.deepEqual(read({ quant_algo: 'FP8', config_groups: {}, ignore: ['*router*'] }), {
      method: 'modelopt',
      type: 'FP8',
      bits: 8,
      skip: ['re:.*router.*$'],
      kvCache: null,
    });
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
      { targets: ['Linear'], bits: 4, groupSize: 128, type: 'int:pack-quantized', strategy: 'group' },
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
      groups: [],
    });
  });

  it('keeps the name of a method it does not know, and says what it cannot read', () => {
    assert.deepEqual(read({ quant_method: 'QuIP', bits: 'two' }), {
      method: 'quip',
      groupSize: null,
      unread: 'bits is "two", expected a number of bits',
    });
    const gptq = read({ quant_method: 'gptq', bits: -3, group_size: 'x' });
    assert.equal(gptq?.bits, 4);
    assert.equal(gptq.unread, 'bits is -3, expected 2, 3, 4, 8 bits, and 1 more');
    assert.match(read('4bit')?.unread ?? '', /no object/);
    assert.match(read({ quant_algo: 'W3A5_NEW' })?.unread ?? '', /W3A5_NEW is not known/);
    assert.match(
      read({ quant_method: 'compressed-tensors', format: 'zip', config_groups: { a: { weights: {} } } })
        ?.unread ?? '',
      /format zip is not known/,
    );
  });

  it('reads mixed precision, the output layer too where it is named', () => {
    const config = {
      architectures: ['LlamaForCausalLM'],
      hidden_size: 64,
      intermediate_size: 128,
      num_attention_heads: 4,
      num_hidden_layers: 1,
      vocab_size: 96,
      quantization_config: {
        quant_method: 'modelopt',
        quant_algo: 'MIXED_PRECISION',
        kv_cache_quant_algo: 'FP8',
        quantized_layers: {
          lm_head: { quant_algo: 'W4A16_NVFP4', group_size: 16 },
          'model.layers.0.self_attn.q_proj': { quant_algo: 'FP8' },
          'model.layers.0.self_attn.k_proj': { quant_algo: 'FP3' },
        },
      },
    };
    const outcome = blueprintFromConfig(config);
    assert.ok(outcome.ok);
    const { quantization } = outcome.blueprint;
    assert.equal(quantization?.unread, 'quant_algo FP3 of model.layers.0.self_attn.k_proj is not known');
    const formats = weightBytes(outcome.blueprint, quantization)
      .tensors.filter(({ quantised }) => quantised)
      .map(({ tensor, format, bytes }) => [tensor.name, format, bytes]);
    assert.deepEqual(formats, [
      ['model.layers.0.self_attn.q_proj.weight', 'FP8', 64 * 64 + 8],
      ['lm_head.weight', 'NVFP4', 96 * (32 + 4) + 4],
    ]);
  });

  it('knows methods that keep the weights as they are', () => {
    const llama = {
      architectures: ['LlamaForCausalLM'],
      hidden_size: 64,
      num_hidden_layers: 1,
      vocab_size: 32,
    };
    for (const fields of [
      { quant_method: 'bitnet', linear_class: 'autobitlinear', quantization_mode: 'offline' },
      { quant_method: 'bitsandbytes', load_in_8bit: true, llm_int8_has_fp16_weight: true },
    ]) {
      const outcome = blueprintFromConfig({ ...llama, torch_dtype: 'bfloat16', quantization_config: fields });
      assert.ok(outcome.ok);
      const { quantization } = outcome.blueprint;
      assert.equal(
        weightBytes(outcome.blueprint, quantization).total,
        weightBytes(outcome.blueprint, null).total,
      );
    }
    const sparse = { config_groups: {}, sparsity_config: { format: 'sparse-24-bitmask' } };
    assert.match(
      read({ quant_method: 'compressed-tensors', ...sparse })?.unread ?? '',
      /^config_groups names no weights, and 1 more$/,
    );
  });

  it('reads GPTQ modules with rules of their own', () => {
    const { groups, head } = read({
      quant_method: 'gptq',
      bits: 4,
      group_size: 128,
      lm_head: true,
      dynamic: { '-:.*gate$': {}, '+:.*down_proj': { bits: 8, group_size: 64 } },
    }) ?? { groups: [] };
    assert.equal(head, true);
    assert.deepEqual(groups, [
      { targets: ['re:.*gate$'], bits: 16, groupSize: null, type: 'int' },
      { targets: ['re:.*down_proj'], bits: 8, groupSize: 64, type: 'int' },
    ]);
  });

  it('reads torchao by class, by name, and per module', () => {
    const config = (value: unknown): Quantization | null =>
      read({ quant_method: 'torchao', quant_type: value });
    const int4 = { _type: 'Int4WeightOnlyConfig', _data: { group_size: 64 } };
    assert.deepEqual(config({ default: int4 }), {
      method: 'torchao',
      type: 'int4',
      bits: 4,
      groupSize: 64,
      strategy: 'group',
    });
    assert.equal(config('int8_weight_only')?.type, 'int8');
    const table = { _default: null, 'model.layers.0.mlp.up_proj': int4 };
    assert.deepEqual(
      config({ default: { _type: 'FqnToConfig', _data: { fqn_to_config: table } } })?.groups?.map(
        ({ bits }) => bits,
      ),
      [4, 16],
    );
    assert.match(
      config({ default: { _type: 'UIntXWeightOnlyConfig', _data: {} } })?.unread ?? '',
      /not known/,
    );
    assert.match(config(7)?.unread ?? '', /quant_type is 7/);
  });

  it("reads MLX's modes and the modules that differ", () => {
    const read = quantizationFromConfig({
      quantization: {
        group_size: 32,
        bits: 4,
        mode: 'mxfp4',
        lm_head: false,
        'model.layers.0.mlp.switch_mlp.up_proj': { bits: 8, group_size: 64, mode: 'affine' },
      },
      quantization_config: { group_size: 32, bits: 4 },
    });
    assert.deepEqual(read, {
      method: 'mlx',
      bits: 4,
      groupSize: 32,
      type: 'mxfp4',
      skip: ['lm_head'],
      groups: [{ targets: ['model.layers.0.mlp.experts.0.up_proj'], bits: 8, groupSize: 64, type: 'affine' }],
    });
  });

  it('never throws, and says so where it guesses', () => {
    const methods = [
      'bitsandbytes',
      'gptq',
      'awq',
      'auto-round',
      'fp8',
      'mxfp8',
      'fbgemm_fp8',
      'mxfp4',
      'hqq',
      'exl2',
      'exl3',
      'compressed-tensors',
      'modelopt',
      'quark',
      'torchao',
      'quanto',
      'eetq',
      'bitnet',
      'higgs',
      'metal',
      'aqlm',
      'vptq',
      'spqr',
      'new-method',
      '',
    ];
    const keys = [
      'bits',
      'w_bit',
      'group_size',
      'modules_to_not_convert',
      'ignore',
      'config_groups',
      'weights',
      'quant_config',
      'quant_type',
      'weight_block_size',
      'quant_algo',
      'quantized_layers',
      'dynamic',
      'extra_config',
      'format',
      'load_in_4bit',
      'bnb_4bit_quant_type',
      'llm_int8_skip_modules',
      'global_quant_config',
      'config_for_layers',
      'exclude_modules',
      'num_codebooks',
      'packing_format',
      'activation_scheme',
      'scale_fmt',
      'head_bits',
      'sym',
    ];
    const llama = {
      architectures: ['LlamaForCausalLM'],
      hidden_size: 64,
      num_hidden_layers: 1,
      vocab_size: 32,
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...methods),
        fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 }),
        fc.boolean(),
        (method, fields, asMlx) => {
          const held = asMlx
            ? { quantization: fields }
            : { quantization_config: { quant_method: method, ...fields } };
          const outcome = blueprintFromConfig({ ...llama, ...held });
          assert.ok(outcome.ok);
          const { quantization } = outcome.blueprint;
          const { total, origin, notes } = weightBytes(outcome.blueprint, quantization);
          assert.ok(Number.isSafeInteger(total) && total > 0, String(total));
          const known = quantization === null || quantizationMethods.includes(quantization.method);
          if (!known || quantization?.unread !== undefined) {
            assert.equal(origin, 'assumed');
            assert.ok(notes.length > 0);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('says in one sentence what it takes every wrong type for', () => {
    const wrong: readonly (readonly [fields: Record<string, unknown>, said: RegExp])[] = [
      [{ quant_method: 'awq', bits: 5 }, /^bits is 5, expected 2, 3, 4, 8 bits$/],
      [
        { quant_method: 'fp8', weight_block_size: [128] },
        /^weight_block_size is \[128\], expected rows and columns/,
      ],
      [{ quant_method: 'fp8', modules_to_not_convert: 7 }, /^modules_to_not_convert is 7, expected a list/],
      [{ quant_method: 'hqq', quant_config: 'nbits' }, /^quant_config is "nbits", expected an object$/],
      [
        { quant_method: 'compressed-tensors', config_groups: [] },
        /^config_groups is \[\], expected an object/,
      ],
      [{ quant_method: 'compressed-tensors' }, /^config_groups names no weights$/],
      [
        { quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_type: 'nf5' },
        /expected nf4 or fp4$/,
      ],
      [{ quant_method: 'exl3', bits: 'four' }, /^bits is "four", expected a number of bits$/],
      [{ quant_method: 'modelopt' }, /^quant_algo is missing$/],
      [{ quant_method: 'quark' }, /names no type of weights that is known$/],
      [{ quant_method: 'torchao' }, /^quant_type names no config of torchao$/],
      [
        { quant_method: 'quanto', weights: 'int3' },
        /^weights is "int3", expected int8 or int4 or int2 or float8$/,
      ],
    ];
    for (const [fields, said] of wrong)
      assert.match(read(fields)?.unread ?? '', said, JSON.stringify(fields));
  });
});
