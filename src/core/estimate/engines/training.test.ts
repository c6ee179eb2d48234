import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { trainingJob } from '../../../../test/estimate/jobDocument';
import type { Pool } from '../../hardware/target';
import { noCeilings } from '../../hardware/device';
import { blueprintFromConfig } from '../../model/blueprintFromConfig';
import { instantBytes } from '../deviceMemory';
import { trainingInstants } from './trainingInstants';
import { trainingStep } from './training';

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
    main: { role: 'main', blueprint, quantization: null, dtype: fp32 ? 'f32' : 'bf16' },
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
