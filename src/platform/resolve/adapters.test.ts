import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { safetensorsBytes } from '../../../test/support/safetensorsBytes';
import { parameterCount } from '../../core/model/parameters';
import type { Blueprint } from '../../core/model/blueprint';
import { readModel, type ReadModel } from './readModel';

const base = {
  architectures: ['LlamaForCausalLM'],
  hidden_size: 64,
  intermediate_size: 128,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  num_hidden_layers: 3,
  vocab_size: 100,
  torch_dtype: 'bfloat16',
};
const lora = {
  peft_type: 'LORA',
  base_model_name_or_path: './base',
  r: 4,
  target_modules: ['q_proj', 'v_proj'],
};
/** q: 64 -> 64, v: 64 -> 32 in each of three layers. */
const elements = 3 * (4 * (64 + 64) + 4 * (64 + 32));

describe('adapters', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'adapter-'));
    mkdirSync(join(root, 'base'));
    mkdirSync(join(root, 'adapter'));
    writeFileSync(join(root, 'base', 'config.json'), JSON.stringify(base));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function read(config: object): Promise<ReadModel> {
    const path = join(root, 'adapter');
    writeFileSync(join(path, 'adapter_config.json'), JSON.stringify(config));
    const context = {
      filePath: null,
      workspaceRoot: root,
      modelOverrides: {},
      environment: { HF_HOME: root },
    };
    return readModel({ path, kind: 'folder', source: 'here' }, context);
  }

  async function blueprint(config: object): Promise<Blueprint> {
    const { outcome } = await read(config);
    assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
    return outcome.blueprint;
  }

  async function baseParameters(): Promise<number> {
    const path = join(root, 'base');
    const { outcome } = await readModel(
      { path, kind: 'folder', source: 'here' },
      { filePath: null, workspaceRoot: root, modelOverrides: {}, environment: {} },
    );
    assert.ok(outcome.ok);
    return parameterCount(outcome.blueprint);
  }

  it('adds the tensors that the config gives to the base model', async () => {
    const both = await blueprint(lora);
    assert.equal(parameterCount(both) - (await baseParameters()), elements);
    const added = both.tensors.filter(({ component }) => component === 'adapter');
    assert.deepEqual(
      added.slice(0, 2).map(({ name, shape, dtype }) => [name, shape, dtype]),
      [
        ['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', [4, 64], 'f32'],
        ['base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight', [64, 4], 'f32'],
      ],
    );
    assert.match(
      both.assumptions.join(),
      /LoRA of rank 4 on q_proj, v_proj: its weights are not there, counted from/,
    );
  });

  it('follows layers, ranks, expressions, magnitudes and saved modules', async () => {
    const extra = async (more: object): Promise<number> =>
      parameterCount(await blueprint({ ...lora, ...more })) - (await baseParameters());
    assert.equal(await extra({ layers_to_transform: [1] }), elements / 3);
    assert.equal(await extra({ layers_to_transform: 2 }), elements / 3);
    assert.equal(await extra({ exclude_modules: ['v_proj'] }), 3 * 4 * 128);
    assert.equal(await extra({ rank_pattern: { v_proj: 8 } }), 3 * (4 * 128 + 8 * 96));
    assert.equal(
      await extra({ target_modules: '.*layers\\.[01]\\.self_attn\\.(q|v)_proj' }),
      (elements / 3) * 2,
    );
    assert.equal(await extra({ use_dora: true }), elements + 3 * (64 + 32));
    assert.equal(await extra({ modules_to_save: ['embed_tokens'] }), elements + 100 * 64);
    assert.equal(await extra({ target_modules: 'all-linear' }), 3 * 4 * (128 + 96 + 96 + 128 + 3 * 192));
  });

  it('takes the real tensors and bytes where they are there', async () => {
    const name = 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight';
    writeFileSync(
      join(root, 'adapter', 'adapter_model.safetensors'),
      safetensorsBytes([[name, 'F16', [16, 64]]]),
    );
    const both = await blueprint(lora);
    assert.equal(parameterCount(both) - (await baseParameters()), 16 * 64);
    assert.match(both.assumptions.join(), /1 tensors, 2048 bytes as adapter_model\.safetensors holds them/);
    const { files } = await read(lora);
    assert.equal(files.length, 3);
  });

  it('knows a base model by its name', async () => {
    const both = await blueprint({ ...lora, base_model_name_or_path: 'meta-llama/Llama-3.1-8B' });
    assert.ok(parameterCount(both) > 8_030_261_248);
  });

  it('says what is missing, and still lists the adapter', async () => {
    const gone = { ...lora, base_model_name_or_path: 'org/gone-1b' };
    const { outcome } = await read(gone);
    assert.ok(!outcome.ok && /base model org\/gone-1b of .* is not on this machine/u.test(outcome.reason));
    writeFileSync(
      join(root, 'adapter', 'adapter_model.safetensors'),
      safetensorsBytes([['a', 'F16', [16, 64]]]),
    );
    const alone = await blueprint(gone);
    assert.match(alone.notRunnable ?? '', /is not on this machine/);
    assert.equal(parameterCount(alone), 1024);
  });

  it('names the key that cannot be right', async () => {
    const cases: readonly (readonly [config: object, sentence: RegExp])[] = [
      [{ ...lora, r: 0 }, /r is 0, expected a positive integer$/],
      [{ ...lora, r: 2 ** 60 }, /r is 1152921504606847000, expected at most 65536$/],
      [{ ...lora, target_modules: [3] }, /target_modules is \[3\], expected a list of module names$/],
      [{ ...lora, target_modules: '((a+)+)+$' }, /a regular expression without repeated groups$/],
      [{ ...lora, target_modules: '(' }, /target_modules is "\("/],
      [{ ...lora, rank_pattern: { q_proj: 'x' } }, /rank_pattern is .*, expected ranks by module$/],
      [{ ...lora, peft_type: 3 }, /does not say its peft_type$/],
      [{ base_model_name_or_path: './base' }, /does not say its peft_type$/],
    ];
    for (const [config, sentence] of cases) {
      const { outcome } = await read(config);
      assert.ok(!outcome.ok);
      assert.match(outcome.reason, sentence);
    }
  });
});
