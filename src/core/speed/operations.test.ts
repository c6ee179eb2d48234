import assert from 'node:assert/strict';
import fc from 'fast-check';
import { blueprintFromConfig } from '../model/blueprintFromConfig';
import type { Blueprint } from '../model/blueprint';
import { activeMatrixElements, forwardOperations } from './operations';

function blueprintOf(config: Record<string, unknown>): Blueprint {
  const outcome = blueprintFromConfig(config);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

const llama = blueprintOf({ model_type: 'llama', architectures: ['LlamaForCausalLM'] });
const mamba = blueprintOf({ model_type: 'mamba2', architectures: ['Mamba2ForCausalLM'] });
const sparse = blueprintOf({ model_type: 'deepseek_v32', architectures: ['DeepseekV32ForCausalLM'] });

describe('operations of a forward pass', () => {
  it('of a causal stack are two per weight and token, and half of what full attention would do', () => {
    const { layers, head } = activeMatrixElements(llama);
    const tokens = 1000;
    const attention = 32 * 2 * 32 * (128 + 128) * (tokens / 2) * tokens;
    assert.equal(forwardOperations(llama, tokens, 0, 1), 2 * layers * tokens + 2 * head + attention);
  });

  it('of a recurrent layer do not depend on what went before', () => {
    assert.equal(forwardOperations(mamba, 1, 0, 1), forwardOperations(mamba, 1, 100_000, 1));
    const { layers, head } = activeMatrixElements(mamba);
    const state = mamba.layers.reduce((sum, { recurrent }) => sum + (recurrent?.stateElements ?? 0), 0);
    assert.equal(forwardOperations(mamba, 1, 0, 1), 2 * (layers + head) + 4 * state);
  });

  it('of sparse attention keep growing with the context, by what the indexer compares', () => {
    const step = forwardOperations(sparse, 1, 64_001, 1) - forwardOperations(sparse, 1, 64_000, 1);
    const each = sparse.layers.reduce(
      (sum, { attention }) => sum + 2 * (attention?.indexerHeads ?? 0) * (attention?.indexerDim ?? 0),
      0,
    );
    assert.ok(each > 0);
    assert.ok(Math.abs(step / each - 1) < 1e-6, `${step}, not ${each}`);
  });

  it('go through shared weights once for every layer that uses them', () => {
    const of = (layers: number, groups: number): Blueprint =>
      blueprintOf({
        model_type: 'albert',
        architectures: ['AlbertModel'],
        num_hidden_layers: layers,
        num_hidden_groups: groups,
      });
    assert.equal(of(12, 1).layers.length, 12);
    assert.equal(of(7, 3).layers.length, 7);
    const [once, often] = [of(1, 1), of(12, 1)];
    assert.equal(once.tensors.length, often.tensors.length);
    const outside = 128 * 4096;
    assert.equal(
      activeMatrixElements(often).layers - outside,
      12 * (activeMatrixElements(once).layers - outside),
    );
  });

  it('refuse shared layers that are more than any model has', () => {
    for (const key of ['num_hidden_layers', 'num_hidden_groups']) {
      const outcome = blueprintFromConfig({
        model_type: 'albert',
        num_hidden_layers: 1,
        inner_group_num: 4096,
        [key]: 4096,
      });
      assert.match(outcome.ok ? '' : outcome.reason, new RegExp(`${key} is 4096, expected at most 1 `, 'u'));
    }
  });

  it('never shrink with more tokens or a longer past', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(llama, mamba, sparse),
        fc.nat(10_000),
        fc.nat(200_000),
        fc.nat(1000),
        (blueprint, tokens, past, more) => {
          const base = forwardOperations(blueprint, tokens, past, 1);
          assert.ok(forwardOperations(blueprint, tokens + more, past, 1) >= base);
          assert.ok(forwardOperations(blueprint, tokens, past + more, 1) >= base);
        },
      ),
    );
  });
});
