import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { safetensorsBytes } from '../../../test/support/safetensorsBytes';
import type { Blueprint } from '../../core/model/blueprint';
import { blueprintFromDescription } from '../../core/model/descriptions/index';
import { checkpointLayout, parameterCount } from '../../core/model/parameters';
import { weightBytes } from '../../core/model/quantisation/weightBytes';
import { readModel } from './readModel';

const mistral = {
  dim: 32,
  n_layers: 2,
  head_dim: 8,
  hidden_dim: 48,
  n_heads: 4,
  n_kv_heads: 2,
  norm_eps: 1e-5,
  vocab_size: 50,
  moe: { num_experts: 3, num_experts_per_tok: 1 },
};

describe('models described by other files', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'described-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function read(): Promise<Blueprint> {
    const { outcome } = await readModel(
      { path: folder, kind: 'folder', source: 'here' },
      { filePath: null, workspaceRoot: null, modelOverrides: {}, environment: {} },
    );
    assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
    return outcome.blueprint;
  }

  function layout(
    fields: object,
  ): readonly (readonly [name: string, dtype: string, shape: readonly number[]])[] {
    const outcome = blueprintFromDescription(fields);
    assert.ok(outcome.ok);
    return checkpointLayout(outcome.blueprint).map(({ name, shape }) => [name, 'F16', shape]);
  }

  it('matches an original checkpoint by its own names', async () => {
    writeFileSync(join(folder, 'params.json'), JSON.stringify(mistral));
    const assumed = await read();
    assert.equal(assumed.dtypeOrigin, 'assumed');
    writeFileSync(join(folder, 'consolidated.safetensors'), safetensorsBytes(layout(mistral)));
    const real = await read();
    assert.deepEqual([real.dtype, real.dtypeOrigin, real.origin], ['f16', 'exact', 'exact']);
    assert.equal(real.weights?.complete, true);
    assert.equal(weightBytes(real, null).total, 2 * parameterCount(real));
    assert.ok(real.assumptions.includes('weights as consolidated.safetensors holds them'));
    assert.ok(!real.assumptions.some((note) => /not loaded|do not hold|read as bf16/u.test(note)));
  });

  it('takes the size of a pickle beside a litgpt config, without unpickling it', async () => {
    writeFileSync(
      join(folder, 'model_config.yaml'),
      'name: tiny\nn_layer: 1\nn_embd: 8\nn_head: 2\npadded_vocab_size: 16\nblock_size: 32\nbias: false\n',
    );
    const parameters = parameterCount(await read());
    const pickle = Buffer.alloc(4 * parameters);
    pickle.set([0x80, 2]);
    writeFileSync(join(folder, 'lit_model.pth'), pickle);
    const sized = await read();
    assert.deepEqual([sized.dtype, sized.dtypeOrigin], ['f32', 'exact']);
    assert.ok(sized.assumptions.includes(`weights as lit_model.pth says: ${4 * parameters} bytes`));
  });

  it("leaves other people's params.json alone", async () => {
    writeFileSync(join(folder, 'params.json'), '{"lr": 0.1, "epochs": 3}');
    writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes([['a.weight', 'F16', [4, 4]]]));
    const alone = await read();
    assert.equal(alone.library, 'safetensors');
  });

  it('prefers a config to params.json in the same folder', async () => {
    writeFileSync(join(folder, 'params.json'), JSON.stringify(mistral));
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ model_type: 'gpt2', n_embd: 8, n_head: 2, n_layer: 1, vocab_size: 10 }),
    );
    assert.equal((await read()).architecture, 'GPT2LMHeadModel');
  });
});
