import assert from 'node:assert/strict';
import {
  contentsOf,
  recordedMixes,
  recordedModels,
  type RecordedModel,
  type RecordedRun,
} from '../../../../test/gguf/fixtures';
import type { Blueprint } from '../blueprint';
import { familyArchitectures } from '../architectures';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { blueprintFromGguf } from '../blueprintFromGguf';
import { findGgmlType, ggmlBytes } from '../ggmlTypes';
import { elements } from '../parameters';
import { ggufLayout } from './ggufLayout';
import { ggufMix, ggufMixes, mixTypes, needsImportanceMatrix } from './ggufMix';
import { weightBytes } from './weightBytes';

const models = recordedModels();
const { runs } = recordedMixes();

/** Types by the tensors' order in the file that was quantised. */
function typesOf(run: Exclude<RecordedRun, { refused: string }>, count: number): readonly string[] {
  const types = Array.from({ length: count }, () => run.most);
  for (const [type, indices] of Object.entries(run.others)) for (const index of indices) types[index] = type;
  return types;
}

function model(name: string): RecordedModel {
  const found = models[name];
  assert.ok(found !== undefined, name);
  return found;
}

function fromFile(name: string): Blueprint {
  const outcome = blueprintFromGguf(contentsOf(model(name)), name);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

/** Bytes of all tensors, each padded as in the file. */
function padded(types: readonly string[], shapes: readonly (readonly number[])[]): number {
  return types.reduce((sum, name, index) => {
    const shape = shapes[index] ?? [];
    const type = findGgmlType(name);
    assert.ok(type !== null, name);
    const bytes = ggmlBytes(type, shape.at(-1) ?? 1, elements(shape));
    assert.ok(bytes !== null, `${name} ${shape.join()}`);
    return sum + Math.ceil(bytes / 32) * 32;
  }, 0);
}

describe('GGUF mixes against llama-quantize', function () {
  this.timeout(30_000);

  for (const [name, mixes] of Object.entries(runs)) {
    describe(name, () => {
      const { tensors } = model(name);
      const shapes = tensors.map(([, shape]) => shape);
      const architectures = model(name).config['architectures'] as readonly string[];
      const config = familyArchitectures().includes(architectures[0] ?? '')
        ? blueprintFromConfig(model(name).config)
        : null;

      it('gives every tensor of the file the same type, under every mix', () => {
        const { facts, tensors: laidOut } = ggufLayout(fromFile(name));
        assert.deepEqual(
          laidOut.map((tensor) => tensor.name),
          tensors.map(([tensor]) => tensor),
        );
        eachRun(mixes, (mix, run, imatrix) => {
          const wanted = typesOf(run, tensors.length);
          const types = mixTypes(mix, facts, laidOut, imatrix);
          const wrong = tensors
            .map(([tensor], index) => [tensor, types[index], 'not', wanted[index]].join(' '))
            .filter((_, index) => types[index] !== wanted[index]);
          assert.deepEqual(wrong, [], `${mix}${imatrix ? ' with an importance matrix' : ''}`);
        });
      });

      it('adds up to the size of the file', () => {
        eachRun(mixes, (mix, run) => {
          if (run.fileBytes === undefined) return;
          const bytes = padded(typesOf(run, tensors.length), shapes);
          // Metadata of the quantiser's own aside: its version and mix, names and counts of the importance matrix.
          const header = run.fileBytes - bytes - model(name).dataOffset;
          assert.ok(header >= 0 && header <= 512, `${mix}: ${header}`);
        });
      });

      if (config?.ok === true) {
        const { blueprint } = config;

        it('predicts the size of the weights from the config to 0.5 %', () => {
          eachRun(mixes, (mix, run, imatrix) => {
            const types = typesOf(run, tensors.length);
            const wanted = padded(types, shapes);
            const { total } = weightBytes(blueprint, { method: 'gguf', type: mix, imatrix });
            assert.ok(Math.abs(total / wanted - 1) <= 0.005, `${mix}: ${total}, not ${wanted}`);
            if (run.fileBytes === undefined) return;
            const file = total + model(name).dataOffset;
            assert.ok(Math.abs(file / run.fileBytes - 1) <= 0.005, `${mix}: ${file}, not ${run.fileBytes}`);
          });
        });
      }
    });
  }

  function eachRun(
    mixes: (typeof runs)[string],
    check: (
      mix: (typeof ggufMixes)[number],
      run: Exclude<RecordedRun, { refused: string }>,
      imatrix: boolean,
    ) => void,
  ): void {
    let checked = 0;
    for (const mix of ggufMixes.filter((one) => one !== 'NVFP4'))
      for (const imatrix of [false, true]) {
        const run = mixes[mix]?.[imatrix ? 'imatrix' : 'plain'];
        assert.ok(run !== undefined, mix);
        if ('refused' in run) continue;
        check(mix, run, imatrix);
        checked++;
      }
    assert.ok(checked >= 50, `${checked}`);
  }
});

describe('the models that GGUF mixes were recorded of', () => {
  it('are dense, grouped, of experts and tied, each under every mix with the size of its file', () => {
    const kinds: Readonly<Record<string, (facts: ReturnType<typeof ggufLayout>) => boolean>> = {
      'llama-dense': ({ facts }) => facts.heads === facts.kvHeads && facts.experts === 0,
      'llama-gqa': ({ facts }) => facts.heads >= 4 * facts.kvHeads && facts.experts === 0,
      'qwen3-moe': ({ facts }) => facts.experts > 0,
      'llama-tied': ({ tensors }) => tensors.every(({ name }) => name !== 'output.weight'),
    };
    for (const [name, isKind] of Object.entries(kinds)) {
      assert.ok(isKind(ggufLayout(fromFile(name))), name);
      // The sizes are compared with a config's as well as with the file's own tensors.
      assert.ok(blueprintFromConfig(model(name).config).ok, name);
      for (const mix of ggufMixes.filter((one) => one !== 'NVFP4')) {
        const run = runs[name]?.[mix];
        const made = [run?.plain, run?.imatrix].filter((each) => each !== undefined && 'fileBytes' in each);
        assert.ok(made.length > 0, `${name} ${mix}`);
      }
    }
  });
});

describe('ggufMix', () => {
  it('knows the names that people write', () => {
    assert.equal(ggufMix('q4_k_m'), 'Q4_K_M');
    assert.equal(ggufMix('Q4_K'), 'Q4_K_M');
    assert.equal(ggufMix('fp16'), 'F16');
    assert.equal(ggufMix('UD-Q4_K_XL'), null);
    assert.equal(ggufMix('toString'), null);
  });

  it('says which mixes cannot be made without an importance matrix', () => {
    const refused = new Set<string>();
    for (const mixes of Object.values(runs))
      for (const [mix, { plain }] of Object.entries(mixes))
        if ('refused' in plain && /imatrix|importance/u.test(plain.refused)) refused.add(mix);
    assert.deepEqual(ggufMixes.filter(needsImportanceMatrix).toSorted(), [...refused].toSorted());
  });
});
