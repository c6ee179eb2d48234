import assert from 'node:assert/strict';
import { jobDocument } from '../../../test/estimate/jobDocument';
import { clipText, pipeline, sdxlUnet, sdxlVae } from '../../../test/estimate/pipeline';
import { estimateMemory } from '../estimate/estimateMemory';
import { pictureSize } from '../estimate/terms/pictureSize';
import { resolveTarget } from '../hardware/resolveTarget';
import { asThePipeline, recordedPictures } from '../../../test/estimate/recordedPictures';
import type { ImageSettings } from '../job/jobDocument';
import { blueprintFromConfig } from '../model/blueprintFromConfig';
import { estimateSpeed } from './estimateSpeed';
import { decodeOperations, stepOperations } from './pictureSpeed';
import type { SpeedEstimate } from './speedEstimate';

const rows = recordedPictures();

describe('operations of diffusion', () => {
  it('are those that the classes of diffusers run', () => {
    assert.ok(rows.length > 20);
    for (const { config, settings, operations } of rows) {
      const outcome = blueprintFromConfig(config);
      assert.ok(outcome.ok);
      const { blueprint } = outcome;
      const spec = blueprint.diffusion;
      assert.ok(spec !== undefined);
      const { width, height, batch, tiling = false } = settings;
      const image = { ...asThePipeline, width, height, frames: settings.frames ?? 1, batch };
      const denoises = spec.part === 'denoiser';
      const alone = denoises ? { ...spec, textTokens: settings.text ?? 0 } : null;
      const size = pictureSize(image, alone, denoises ? null : spec);
      const ours =
        alone === null ? decodeOperations(blueprint, size, tiling) : stepOperations(blueprint, alone, size);
      const share = (ours * batch) / operations;
      // Pieces of videos overlap by more than is counted.
      assert.ok(
        denoises ? Math.abs(share - 1) < 0.1 : share > 0.7 && share < 1.2,
        `${blueprint.architecture} ${share}`,
      );
    }
  });
});

function speed(image: Partial<ImageSettings>, steps = 30): SpeedEstimate {
  const resolution = resolveTarget('rtx4090', { machine: null, choice: 'chosen' });
  assert.ok(resolution.ok);
  const { target } = resolution;
  const models = pipeline({ unet: sdxlUnet, vae: sdxlVae, text_encoder: clipText }, { dtype: 'f16' });
  const base = jobDocument();
  const job = {
    ...base,
    engine: { name: 'diffusers' as const, version: null, backend: null },
    task: 'diffuse' as const,
    inference: { ...base.inference, image: { ...asThePipeline, steps, ...image } },
  };
  const memory = estimateMemory({ job, models, target });
  return estimateSpeed({ job, models, target, memory });
}

describe('pictureSpeed', () => {
  it('counts pictures, both passes of guidance in each step', () => {
    const [phase] = speed({}).phases;
    assert.equal(phase?.name, 'image');
    assert.equal(phase.unit, 'images');
    // 30 steps of twice 6.8 TFLOP and 10 for the picture, at 25 to 75 % of 165 TFLOP/s.
    const seconds = 1 / phase.perSecond.expected;
    assert.ok(seconds > 3 && seconds < 9, String(seconds));
    const [twice] = speed({}, 60).phases;
    assert.ok(1 / (twice?.perSecond.expected ?? 1) > 1.8 * seconds);
  });

  it('adds the time of weights over the link, most where modules move in every step', () => {
    const seconds = (offload: ImageSettings['offload']): number =>
      1 / (speed({ offload }).phases[0]?.perSecond.expected ?? NaN);
    assert.ok(seconds('none') < seconds('model'));
    assert.ok(seconds('model') < seconds('sequential'));
  });
});
