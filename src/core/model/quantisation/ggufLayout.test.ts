import assert from 'node:assert/strict';
import { contentsOf, recordedModels } from '../../../../test/gguf/fixtures';
import { familyArchitectures } from '../architectures';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { blueprintFromGguf } from '../blueprintFromGguf';
import { ggufLayout } from './ggufLayout';

const models = Object.entries(recordedModels()).filter(
  ([, model]) => model.metadata['general.architecture'] !== 'clip',
);

/**
 * Left out, as the quantiser leaves them alone: biases of experts, which keep the library's names, Gemma 3n's outer
 * projections, which the converter stacks, and positions, which lose rows for padding in RoBERTa.
 */
function isMatrix(name: string, shape: readonly number[]): boolean {
  if (/bias$|^(model\.)?altup_|^position_embd/u.test(name)) return false;
  return shape.filter((size) => size !== 1).length > 1;
}

describe('ggufLayout', () => {
  for (const [name, model] of models) {
    const [architecture = ''] = model.config['architectures'] as readonly string[];
    if (!familyArchitectures().includes(architecture)) continue;

    it(`${name}: the matrices that the converter writes, by name, shape and type`, () => {
      const outcome = blueprintFromConfig(model.config);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      const made = ggufLayout(outcome.blueprint).tensors.filter((tensor) =>
        isMatrix(tensor.name, tensor.shape),
      );
      assert.deepEqual(
        Object.fromEntries(made.map((tensor) => [tensor.name, [tensor.shape, tensor.type]])),
        Object.fromEntries(
          model.tensors
            .filter(([tensor, shape]) => isMatrix(tensor, shape))
            .map(([tensor, shape, type]) => [tensor, [shape, type]]),
        ),
      );
    });
  }

  it('takes a GGUF file as it is', () => {
    for (const [name, model] of models) {
      const outcome = blueprintFromGguf(contentsOf(model), name);
      assert.ok(outcome.ok);
      assert.deepEqual(
        ggufLayout(outcome.blueprint).tensors.map(({ name: tensor, shape, type }) => [tensor, shape, type]),
        model.tensors,
      );
    }
  });
});
