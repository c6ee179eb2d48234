import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Blueprint, Quantization } from '../blueprint';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { ggufMix } from './ggufMix';
import { quantizationMethods, weightBytes } from './weightBytes';

function model(fields: Readonly<Record<string, unknown>>): Blueprint {
  const outcome = blueprintFromConfig({ architectures: ['LlamaForCausalLM'], ...fields });
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

const llama8b = model({
  vocab_size: 128_256,
  hidden_size: 4096,
  intermediate_size: 14_336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  torch_dtype: 'bfloat16',
});
/** Weights of the matrices within the layers, of the output layer and of what stays beside them. */
const matrices = 32 * (4096 * (4096 + 1024 + 1024 + 4096) + 3 * 4096 * 14_336);
const head = 128_256 * 4096;
const norms = 65 * 4096;

const total = (quantization: Quantization, blueprint = llama8b): number =>
  weightBytes(blueprint, quantization).total;

describe('weightBytes', () => {
  it('counts a plain model in its own dtype', () => {
    assert.equal(weightBytes(llama8b, null).total, 16_060_522_496);
    assert.equal(weightBytes(llama8b, null, { dtype: 'f32' }).total, 2 * 16_060_522_496);
  });

  it('counts NF4 with an fp32 absmax per 64 weights and a table per matrix', () => {
    const perMatrix = 32 * 7 * 64;
    assert.equal(
      total({ method: 'bnb-nf4' }),
      matrices / 2 + (matrices / 64) * 4 + perMatrix + 2 * (2 * head + norms),
    );
  });

  it('counts double quantisation: 8-bit absmax, an fp32 absmax per 256 of them, table and offset', () => {
    const perMatrix = 32 * 7 * (64 + 1024 + 4);
    assert.equal(
      total({ method: 'bnb-nf4', doubleQuant: true }),
      matrices / 2 + matrices / 64 + (matrices / 64 / 256) * 4 + perMatrix + 2 * (2 * head + norms),
    );
  });

  it('rounds absmax blocks up for odd matrices', () => {
    const odd = model({
      vocab_size: 3,
      hidden_size: 6,
      intermediate_size: 5,
      num_hidden_layers: 1,
      num_attention_heads: 1,
      num_key_value_heads: 1,
      torch_dtype: 'float16',
    });
    // Four 6 × 6 and three 6 × 5 matrices: one block each. Embedding, head and three norms in fp16.
    assert.equal(
      total({ method: 'bnb-nf4' }, odd),
      4 * (18 + 4 + 64) + 3 * (15 + 4 + 64) + 2 * (2 * 18 + 18),
    );
  });

  it('counts int8 with an fp32 scale per output row', () => {
    const rows = 32 * (4096 + 1024 + 1024 + 4096 + 2 * 14_336 + 4096);
    assert.equal(total({ method: 'bnb-int8' }), matrices + 4 * rows + 2 * (2 * head + norms));
  });

  it('leaves the tied output layer and what the user names alone', () => {
    const tied = model({ tie_word_embeddings: true, num_hidden_layers: 2 });
    const formats = weightBytes(tied, { method: 'bnb-nf4' }).tensors;
    assert.equal(formats.find(({ tensor }) => tensor.name === 'lm_head.weight')?.bytes, 0);
    const kept = weightBytes(llama8b, { method: 'bnb-nf4', skip: ['q_proj', 'lm_head'] }).tensors;
    for (const { tensor, quantised } of kept)
      assert.equal(
        quantised,
        tensor.module === 'linear' && tensor.role !== 'q' && tensor.role !== 'head',
        tensor.name,
      );
    // Naming modules replaces the default: the output layer is then converted unless it is named.
    const renamed = weightBytes(llama8b, { method: 'bnb-nf4', skip: ['q_proj'] }).tensors;
    assert.equal(renamed.find(({ tensor }) => tensor.role === 'head')?.quantised, true);
  });

  it('counts GPTQ and AWQ with scales and zeros per group of 128', () => {
    const inputs = 32 * (6 * 4096 + 14_336);
    const groups = matrices / 128;
    const plain = 2 * (2 * head + norms);
    assert.equal(
      total({ method: 'gptq', bits: 4, groupSize: 128 }),
      matrices / 2 + groups / 2 + 2 * groups + 4 * inputs + plain,
    );
    assert.equal(
      total({ method: 'awq', bits: 4, groupSize: 128 }),
      matrices / 2 + groups / 2 + 2 * groups + plain,
    );
  });

  it('counts fp8 with one scale a matrix or a block', () => {
    const plain = 2 * (2 * head + norms);
    assert.equal(total({ method: 'fp8' }), matrices + 4 * 32 * 7 + plain);
    assert.equal(
      total({ method: 'fp8', blockShape: [128, 128] }),
      matrices + (4 * matrices) / (128 * 128) + plain,
    );
  });

  it('counts experts that an FP8 checkpoint stores in four bits', () => {
    const config = {
      architectures: ['DeepseekV4ForCausalLM'],
      num_hidden_layers: 1,
      expert_dtype: 'fp4',
      quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128], scale_fmt: 'ue8m0' },
    };
    const outcome = blueprintFromConfig(config);
    assert.ok(outcome.ok);
    const { blueprint } = outcome;
    const experts = weightBytes(blueprint, blueprint.quantization)
      .tensors.filter(({ tensor }) => tensor.module === 'experts')
      .reduce((sum, { bytes }) => sum + bytes, 0);
    const matrix = 2048 * 4096;
    assert.equal(experts, 256 * 3 * (matrix / 2 + matrix / 32));
    const plain = { ...config, expert_dtype: 'fp8' };
    const other = blueprintFromConfig(plain);
    assert.ok(other.ok);
    assert.equal(other.blueprint.quantization?.expertType, undefined);
  });

  it('counts MLX over embeddings and output layer too', () => {
    const all = matrices + 2 * head;
    assert.equal(total({ method: 'mlx', bits: 4, groupSize: 64 }), all / 2 + (all / 64) * 4 + 2 * norms);
  });

  it('counts HQQ, NVFP4, EXL2 and compressed-tensors', () => {
    const plain = 2 * (2 * head + norms);
    assert.equal(
      total({ method: 'hqq', bits: 4, groupSize: 64 }),
      matrices / 2 + (matrices / 64) * 4 + plain,
    );
    assert.equal(total({ method: 'nvfp4' }), matrices / 2 + matrices / 16 + 8 * 32 * 7 + plain);
    assert.equal(
      total({ method: 'exl2', bits: 4.5 }),
      (matrices * 4.5) / 8 + (head * 6) / 8 + 2 * (head + norms),
    );
    const w4 = {
      method: 'compressed-tensors',
      groups: [{ targets: ['Linear'], bits: 4, groupSize: 128, type: 'int:pack-quantized' }],
      skip: ['lm_head'],
    };
    // Each matrix with its shape in two 64-bit integers.
    assert.equal(total(w4), matrices / 2 + (2 * matrices) / 128 + 16 * 32 * 7 + plain);
  });

  it('says when a method is not known or reaches nothing', () => {
    const unknown = weightBytes(llama8b, { method: 'quip', bits: 2 });
    assert.equal(unknown.origin, 'assumed');
    assert.match(unknown.notes.join(), /quip is not known/);
    assert.match(weightBytes(llama8b, { method: 'mxfp4' }).notes.join(), /reaches no tensor/);
  });

  it('gives whole, positive bytes for every method and shape', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...quantizationMethods),
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom(null, 32, 64, 128),
        fc.integer({ min: 1, max: 97 }),
        fc.boolean(),
        (method, bits, groupSize, size, tied) => {
          const blueprint = model({
            vocab_size: 2 * size + 1,
            hidden_size: size,
            head_dim: 3,
            intermediate_size: size + 2,
            num_hidden_layers: 2,
            num_attention_heads: 3,
            num_key_value_heads: 1,
            tie_word_embeddings: tied,
          });
          const { total: bytes, tensors } = weightBytes(blueprint, { method, bits, groupSize });
          assert.ok(Number.isInteger(bytes) && bytes > 0, `${method}: ${bytes}`);
          assert.equal(
            tensors.reduce((sum, tensor) => sum + tensor.bytes, 0),
            bytes,
          );
        },
      ),
    );
  });
});

describe('GGUF mixes', () => {
  /** What llama.cpp's quantiser reports as the size of all tensors is the file less its header of metadata and vocabulary. */
  it('gives each tensor of a Q4_K_M the type that llama.cpp gives it', () => {
    const { tensors } = weightBytes(llama8b, { method: 'gguf', type: 'Q4_K_M' });
    const format = (name: string): string | undefined =>
      tensors.find(({ tensor }) => tensor.name === name)?.format;
    assert.equal(format('model.embed_tokens.weight'), 'Q4_K');
    assert.equal(format('lm_head.weight'), 'Q6_K');
    assert.equal(format('model.norm.weight'), 'F32');
    const more = [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31];
    for (let layer = 0; layer < 32; layer++) {
      const expected = more.includes(layer) ? 'Q6_K' : 'Q4_K';
      assert.equal(format(`model.layers.${layer}.self_attn.v_proj.weight`), expected);
      assert.equal(format(`model.layers.${layer}.mlp.down_proj.weight`), expected);
      assert.equal(format(`model.layers.${layer}.self_attn.q_proj.weight`), 'Q4_K');
    }
  });

  it('quantises a tied embedding as an output layer, once', () => {
    const tied = model({ tie_word_embeddings: true, num_hidden_layers: 1 });
    const { tensors } = weightBytes(tied, { method: 'gguf', type: 'Q4_K_M' });
    assert.equal(tensors[0]?.format, 'Q6_K');
    assert.equal(tensors.find(({ tensor }) => tensor.tiedTo !== null)?.bytes, 0);
  });

  it('falls back to blocks of 32, then to F16, for widths that 256 does not divide', () => {
    const odd = model({
      hidden_size: 96,
      intermediate_size: 100,
      num_attention_heads: 4,
      num_hidden_layers: 1,
    });
    const { tensors } = weightBytes(odd, { method: 'gguf', type: 'Q4_K_M' });
    const format = (name: string): string | undefined =>
      tensors.find(({ tensor }) => tensor.name.endsWith(name))?.format;
    assert.equal(format('q_proj.weight'), 'Q5_0');
    assert.equal(format('down_proj.weight'), 'F16');
    assert.equal(format('lm_head.weight'), 'Q8_0');
  });

  it('says when it does not know a mix', () => {
    const unknown = weightBytes(llama8b, { method: 'gguf', type: 'UD-Q4_K_XL' });
    assert.equal(unknown.origin, 'assumed');
    assert.deepEqual(unknown.notes, ["UD-Q4_K_XL is no mix of llama.cpp's: weights counted as Q4_K_M"]);
    assert.equal(unknown.total, total({ method: 'gguf', type: 'Q4_K_M' }));
    assert.deepEqual(weightBytes(llama8b, { method: 'gguf', type: 'q4_k_m' }).notes, []);
  });

  it('knows the names that people write', () => {
    assert.equal(ggufMix('q4_k_m'), 'Q4_K_M');
    assert.equal(ggufMix('Q4_K'), 'Q4_K_M');
    assert.equal(ggufMix('Q9_Z'), null);
  });
});
