import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jobDocument } from '../../../../test/estimate/jobDocument';
import { clipText, pipeline, safetyChecker, sdxlUnet, sdxlVae } from '../../../../test/estimate/pipeline';
import { noCeilings, type Machine } from '../../hardware/device';
import { cpuTarget } from '../../hardware/localTarget';
import { resolveTarget } from '../../hardware/resolveTarget';
import type { Target } from '../../hardware/target';
import { asThePipeline, recordedPictures } from '../../../../test/estimate/recordedPictures';
import type { ImageSettings } from '../../job/jobDocument';
import type { ResolvedModel } from '../../job/resolvedModel';
import { blueprintFromConfig } from '../../model/blueprintFromConfig';
import { parameterCount } from '../../model/parameters';
import { GiB } from '../../units/bytes';
import { estimateMemory } from '../estimateMemory';
import type { MemoryEstimate } from '../memoryEstimate';
import { decodingBytes } from '../terms/decodedPicture';
import { denoiserStepBytes } from '../terms/denoiserStep';
import { pictureSize } from '../terms/pictureSize';

const rows = recordedPictures();

describe('what the classes of diffusers keep', () => {
  for (const { config, settings, peak } of rows) {
    const { width, height, batch, tiling = false } = settings;
    const frames = settings.frames ?? 1;
    const label = `${String(config['_class_name'])}, ${width} x ${height}, ${frames} frames, ${batch} at once`;
    it(`is within the Range: ${label}${tiling ? ', tiled' : ''}`, () => {
      const outcome = blueprintFromConfig(config);
      assert.ok(outcome.ok);
      const { blueprint } = outcome;
      const spec = blueprint.diffusion;
      assert.ok(spec !== undefined);
      const image = { ...asThePipeline, width, height, frames, batch, steps: 1 };
      if (spec.part === 'denoiser') {
        const alone = { ...spec, textTokens: settings.text ?? 0, guidance: 'none' as const };
        const size = pictureSize(image, alone, null);
        const bytes = denoiserStepBytes(blueprint, alone, size, 2);
        assert.ok(bytes.low <= peak && peak <= bytes.high, `${bytes.low} ${peak} ${bytes.high}`);
      } else {
        const size = pictureSize(image, null, spec);
        const bytes = decodingBytes(blueprint, spec, size, tiling, 2);
        assert.ok(bytes.low <= peak && peak <= bytes.high, `${bytes.low} ${peak} ${bytes.high}`);
      }
    });
  }
});

function near(value: number, wanted: number, share: number): void {
  assert.ok(Math.abs(value / wanted - 1) < share, `${value} is not near ${wanted}`);
}

const xl = { unet: sdxlUnet, vae: sdxlVae, text_encoder: clipText };

function estimate(models: readonly ResolvedModel[], image: Partial<ImageSettings> = {}): MemoryEstimate {
  const resolution = resolveTarget('rtx4090', { machine: null, choice: 'chosen' });
  assert.ok(resolution.ok);
  return estimateOn(resolution.target, models, image);
}

function estimateOn(
  target: Target,
  models: readonly ResolvedModel[],
  image: Partial<ImageSettings> = {},
): MemoryEstimate {
  const base = jobDocument();
  const job = {
    ...base,
    engine: { name: 'diffusers' as const, version: null, backend: null },
    task: 'diffuse' as const,
    models: models.slice(0, 1).map((model) => model.setting),
    inference: { ...base.inference, image: { ...asThePipeline, ...image } },
  };
  return estimateMemory({ job, models, target });
}

/** Bytes of weights on the device, by part, at their most. */
function weights(memory: MemoryEstimate): Readonly<Record<string, number>> {
  const terms = memory.perDevice[0]?.terms.filter((term) => term.name === 'weights') ?? [];
  return Object.fromEntries(terms.map((term) => [term.component, term.size.expected]));
}

function peak(memory: MemoryEstimate): number {
  return memory.perDevice[0]?.allocatedPeak.expected ?? NaN;
}

function parameters(config: Readonly<Record<string, unknown>>): number {
  const outcome = blueprintFromConfig(config);
  return outcome.ok ? parameterCount(outcome.blueprint) : assert.fail(outcome.reason);
}

/** A machine without a GPU. */
const machine: Machine = {
  os: { platform: 'linux', release: '6.0', container: false, wsl: false, loginNode: false },
  cpu: {
    model: 'Test CPU',
    physicalCores: 8,
    logicalCores: 16,
    isa: ['avx2'],
    quotaCores: null,
    ceilings: noCeilings,
  },
  memory: {
    totalBytes: 64 * GiB,
    availableBytes: 64 * GiB,
    limitBytes: null,
    ratedBytesPerSecond: null,
    origin: 'reported',
  },
  devices: [],
};

describe('diffusers', () => {
  it('holds its own classes in fp32 and text encoders as their checkpoint says, and tells so', () => {
    const memory = estimate(pipeline(xl));
    assert.deepEqual(weights(memory), {
      main: 4 * parameters(sdxlUnet),
      vae: 4 * parameters(sdxlVae),
      text_encoder: 2 * parameters(clipText),
    });
    assert.match(memory.notes[0] ?? '', /1024 x 1024 pixels; .*fp32 unless it is given a dtype/);
  });

  it('gives the dtype that it is told to all parts', () => {
    const memory = estimate(pipeline(xl, { dtype: 'bf16' }));
    assert.equal(memory.weightBytes, 2 * (parameters(sdxlUnet) + parameters(sdxlVae) + parameters(clipText)));
    assert.doesNotMatch(memory.notes[0] ?? '', /fp32/);
  });

  it('holds one part at a time under model offload, and one module under sequential offload', () => {
    const models = pipeline(xl, { dtype: 'bf16' });
    const all = estimate(models);
    const byModel = estimate(models, { offload: 'model' });
    const byBlock = estimate(models, { offload: 'group' });
    const byModule = estimate(models, { offload: 'sequential' });
    // The step with the denoiser alone is larger than decoding with the autoencoder alone.
    assert.deepEqual(
      byModel.perDevice[0]?.terms.filter((term) => term.name === 'weights' && term.bytes.expected > 0).length,
      1,
    );
    assert.equal(weights(byModel)['main'], 2 * parameters(sdxlUnet));
    assert.ok(peak(byModel) < peak(all));
    assert.ok((weights(byBlock)['main'] ?? 0) < (weights(byModel)['main'] ?? 0));
    // The widest convolution: both halves of what meets on the way up, in kernels of 3 x 3.
    assert.equal(weights(byModule)['main'], 2 * (2560 * 1280 * 9 + 1280));
    assert.equal(byModel.host.terms.find((term) => term.name === 'weights')?.bytes.low, byModel.weightBytes);
    assert.equal(all.host.terms.find((term) => term.name === 'weights')?.bytes.low, 0);
  });

  it('never moves a safety checker', () => {
    const memory = estimate(pipeline({ ...xl, safety_checker: safetyChecker }, { dtype: 'f16' }), {
      offload: 'sequential',
    });
    assert.equal(weights(memory)['safety_checker'], 2 * parameters(safetyChecker));
  });

  it("decodes in fp32 where SDXL's autoencoder is held in fp16", () => {
    const half = estimate(pipeline(xl, { dtype: 'f16' }));
    const brain = estimate(pipeline(xl, { dtype: 'bf16' }));
    const decoding = (memory: MemoryEstimate): number =>
      memory.perDevice[0]?.terms.find((term) => term.name === 'activations' && term.component === 'vae')?.size
        .expected ?? 0;
    near(decoding(half), 2 * decoding(brain), 0.01);
    assert.equal(weights(half)['vae'], 2 * (weights(brain)['vae'] ?? 0));
  });

  it('decodes less at once in tiles, and makes more of it for larger pictures', () => {
    const models = pipeline(xl, { dtype: 'bf16' });
    const large = { width: 2048, height: 2048 };
    assert.ok(peak(estimate(models, large)) > peak(estimate(models)) + 4 * GiB);
    assert.ok(
      peak(estimate(models, { ...large, vaeTiling: true })) < peak(estimate(models, large)) - 4 * GiB,
    );
  });

  it('refuses offload on a CPU, as the library does', () => {
    assert.match(
      estimateOn(cpuTarget(machine, 'chosen'), pipeline(xl), { offload: 'model' }).refusal ?? '',
      /accelerator/,
    );
    assert.equal(estimateOn(cpuTarget(machine, 'chosen'), pipeline(xl)).refusal, null);
  });

  it('says which engine does not run such a model, and what is missing', () => {
    const models = pipeline(xl);
    const resolution = resolveTarget('rtx4090', { machine: null, choice: 'chosen' });
    assert.ok(resolution.ok);
    const job = { ...jobDocument(), engine: { name: 'vllm' as const, version: null, backend: null } };
    const other = estimateMemory({ job, models, target: resolution.target });
    assert.equal(other.unknown, 'vllm does not run UNet2DConditionModel');
    const [unet] = models;
    assert.ok(unet !== undefined);
    const missing: ResolvedModel = {
      ...unet,
      part: 'vae',
      outcome: { ok: false, reason: 'vae: not there', problems: [] },
    };
    assert.equal(estimate([unet, missing]).unknown, 'vae: not there');
  });

  it('gives finite intervals for any picture, larger ones never less', () => {
    const models = pipeline(xl, { dtype: 'bf16' });
    const edge = fc.integer({ min: 1, max: 65_536 });
    fc.assert(
      fc.property(
        fc.record({
          width: edge,
          height: edge,
          batch: fc.integer({ min: 1, max: 64 }),
          vaeTiling: fc.boolean(),
          offload: fc.constantFrom('none', 'model', 'sequential', 'group'),
        }),
        (image) => {
          const memory = estimate(models, image);
          for (const { bytes, size } of memory.perDevice[0]?.terms ?? [])
            for (const range of [bytes, size]) {
              assert.ok(Number.isSafeInteger(range.expected), JSON.stringify(range));
              assert.ok(0 <= range.low && range.low <= range.expected && range.expected <= range.high);
            }
          const larger = estimate(models, { ...image, width: image.width + 64, batch: image.batch + 1 });
          assert.ok(peak(larger) >= peak(memory));
        },
      ),
      { numRuns: 60 },
    );
  });
});
