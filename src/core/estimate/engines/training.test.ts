import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { trainingJob } from '../../../../test/estimate/jobDocument';
import type { Pool } from '../../hardware/target';
import { noCeilings } from '../../hardware/device';
import type { JobDocument } from '../../job/jobDocument';
import type { Quantization } from '../../model/blueprint';
import { blueprintFromConfig } from '../../model/blueprintFromConfig';
import { instantBytes } from '../deviceMemory';
import { trainingInstants } from './trainingInstants';
import { trainingMemory, trainingStep } from './training';

/** A training step as tools/oracle/training_memory.py records it. Bytes, without weights. */
interface Recorded {
  readonly family: string;
  readonly batch: number;
  readonly sequence: number;
  readonly attention: 'sdpa' | 'eager';
  readonly weights: 'bf16' | 'fp32';
  readonly autocast: boolean;
  readonly checkpointing: boolean;
  readonly lora: readonly string[] | null;
  readonly vocab: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly static: number;
  readonly kept: number;
  readonly forwardPeak: number;
  readonly backwardPeak: number;
  readonly gradients: number;
  readonly trainable: number;
}

const { cases } = JSON.parse(readFileSync(resolve('test', 'fixtures', 'training-memory.json'), 'utf8')) as {
  cases: readonly Recorded[];
};

/** A pool without a device's workspaces. */
const pool: Pool = {
  kind: 'host',
  name: 'none',
  count: 1,
  totalBytes: 2 ** 40,
  usableBytes: 2 ** 40,
  usableOrigin: 'exact',
  freeBytes: null,
  ceilings: noCeilings,
  vendor: null,
  deviceKind: null,
  computeCapability: null,
  catalogueId: null,
};

function step(recorded: Recorded) {
  const outcome = blueprintFromConfig(recorded.config);
  if (!outcome.ok) throw new Error(`${recorded.family}: ${outcome.reason}`);
  const fp32 = recorded.weights === 'fp32';
  const job = trainingJob({
    method: recorded.lora === null ? 'full' : 'lora',
    microBatch: recorded.batch,
    sequenceLength: recorded.sequence,
    precision: fp32 ? (recorded.autocast ? 'bf16-mixed' : 'fp32') : 'bf16',
    gradientCheckpointing: recorded.checkpointing ? 'full' : 'none',
    attention: recorded.attention,
    lora: { rank: 8, targets: recorded.lora ?? [], modulesToSave: [] },
    optimizer: { name: 'sgd', stateBits: null, paged: false, implementation: 'fused', inBackward: false },
  });
  const { blueprint } = outcome;
  return trainingStep({
    job,
    main: {
      role: 'main',
      name: 'main',
      defaultDtype: false,
      blueprint,
      quantization: null,
      dtype: fp32 ? 'f32' : 'bf16',
    },
    others: [],
    pool,
  });
}

function title(recorded: Recorded): string {
  return [
    recorded.family,
    recorded.weights + (recorded.autocast ? ' under autocast' : ''),
    recorded.attention,
    recorded.checkpointing ? 'checkpointed' : '',
    recorded.lora === null ? '' : `LoRA on ${recorded.lora.length}`,
    `${recorded.vocab} words`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function near(actual: number, expected: number, share: number, what: string): void {
  const error = actual / expected - 1;
  assert.ok(Math.abs(error) <= share, `${what}: ${actual} for ${expected}, ${(error * 100).toFixed(1)} %`);
}

// PEFT's adapters are fp32: the frameworks that we answer for run them under autocast.
const answered = cases.filter((recorded) => recorded.lora === null || recorded.autocast);

describe('a training step', () => {
  for (const recorded of answered) {
    it(`is counted as it runs: ${title(recorded)}`, () => {
      const { parts } = step(recorded);
      assert.equal(parts.trained.elements, recorded.trainable);
      assert.equal(parts.gradients, recorded.gradients);
      const { activations, logits, copies } = parts;
      const kept =
        activations.kept +
        activations.head +
        logits.kept.expected +
        (recorded.checkpointing ? copies.outer : copies.forward);
      // A residual stream more or less, or the transform before a masked head, is not worth a special case.
      const stream = recorded.batch * recorded.sequence * 512 * 4;
      near(kept, recorded.kept, 0.03 + (1.3 * stream) / recorded.kept, 'kept');
      const instants = trainingInstants(parts).map(
        (instant) =>
          instantBytes({
            ...instant,
            terms: instant.terms.filter((term) => !['weights', 'adapters'].includes(term.name)),
          }).expected,
      );
      const backward = Math.max(...instants.slice(1));
      near(backward, recorded.backwardPeak, 0.09, 'peak of the backward pass');
      if (!recorded.checkpointing && recorded.vocab > 100)
        near(instants[0] ?? 0, recorded.forwardPeak, 0.04, 'peak of the forward pass');
    });
  }
});

describe('trainingMemory', () => {
  const blueprintOf = (recorded: Recorded) => {
    const outcome = blueprintFromConfig(recorded.config);
    return outcome.ok ? outcome.blueprint : assert.fail(outcome.reason);
  };
  const llama = blueprintOf(cases.find((recorded) => recorded.family === 'llama')!);
  const memory = (
    training: Partial<JobDocument['training']>,
    changes: Partial<JobDocument> = {},
    quantization: Quantization | null = null,
  ) =>
    trainingMemory({
      job: trainingJob({ gradientCheckpointing: 'full', ...training }, changes),
      main: {
        role: 'main',
        name: 'main',
        defaultDtype: false,
        blueprint: llama,
        quantization,
        dtype: 'bf16',
      },
      others: [],
      pool,
    });
  const size = (of: ReturnType<typeof memory>, name: string): number =>
    of.perDevice[0]!.terms.filter((term) => term.name === name).reduce(
      (sum, term) => sum + term.size.expected,
      0,
    );
  const parameters = 14349824;

  it('holds two moments for Adam, a byte each in 8 bits, and pages on the host', () => {
    const adam = (name: string, paged = false) =>
      memory({
        optimizer: { name, stateBits: null, paged, implementation: 'fused', inBackward: false },
      });
    assert.equal(size(adam('adamw'), 'optimizerStates'), parameters * 4);
    const eight = size(adam('adamw_8bit'), 'optimizerStates');
    // Embeddings keep 32 bits under the Trainer; everything else two bytes and its scales.
    assert.ok(eight > parameters * 2 && eight < parameters * 4);
    const paged = adam('paged_adamw_8bit', true);
    assert.equal(size(paged, 'optimizerStates'), 0);
    assert.ok(paged.host.terms.some((term) => term.name === 'optimizerStates'));
    assert.ok(size(adam('adafactor'), 'optimizerStates') < parameters / 4);
    assert.equal(size(adam('sgd'), 'optimizerStates'), 0);
    assert.ok(adam('nobody-knows').notes.some((note) => note.includes('nobody-knows')));
  });

  it('holds fp32 weights, gradients and states and 16-bit copies in mixed precision', () => {
    const mixed = memory({ precision: 'bf16-mixed' });
    assert.equal(size(mixed, 'weights'), parameters * 4);
    assert.equal(size(mixed, 'optimizerStates'), parameters * 8);
    assert.ok(size(mixed, 'workspace') > parameters);
  });

  it('divides by the stages of ZeRO', () => {
    const on = (strategy: JobDocument['training']['sharding']['strategy']) =>
      memory(
        {
          precision: 'bf16-mixed',
          sharding: { strategy, offloadParameters: 'none', offloadOptimizer: 'none' },
        },
        { parallel: { ...trainingJob({}).parallel, data: 4 } },
      );
    const [one, two, three] = [on('zero1'), on('zero2'), on('zero3')];
    // 12 bytes a parameter over four ranks: master copy and two moments.
    assert.equal(size(one, 'optimizerStates'), (parameters * 12) / 4);
    assert.ok(size(two, 'gradients') < size(one, 'gradients'));
    assert.equal(size(three, 'weights'), (parameters * 2) / 4);
    assert.equal(three.perDevice[0]!.ranks, 4);
  });

  it('trains adapters alone on a quantised base', () => {
    const qlora = memory(
      { method: 'lora', lora: { rank: 16, targets: 'all-linear', modulesToSave: [] } },
      {},
      { method: 'bnb-nf4', doubleQuant: true },
    );
    const [hidden, inner, kv, layers] = [512, 1408, 128, 4];
    const pairs = 2 * (hidden + hidden) + 2 * (hidden + kv) + 3 * (hidden + inner);
    assert.equal(qlora.trainableParameters, layers * 16 * pairs);
    assert.equal(size(qlora, 'adapters'), qlora.trainableParameters * 4);
    assert.ok(size(qlora, 'weights') < parameters * 2);
    const nothing = memory({
      method: 'lora',
      lora: { rank: 16, targets: ['no_such_module'], modulesToSave: [] },
    });
    assert.match(nothing.notes.join(' '), /no module of the model matches/);
  });

  it('evaluates with the batch that is asked for', () => {
    const peak = (microBatch: number): number =>
      memory({ eval: { microBatch, sequenceLength: 2048 } }).perDevice[0]!.devicePeak.expected;
    assert.equal(peak(1), memory({}).perDevice[0]!.devicePeak.expected);
    assert.ok(peak(64) > peak(1));
    assert.equal(memory({ eval: { microBatch: 64 } }).perDevice[0]!.phase, 'eval');
  });
});
