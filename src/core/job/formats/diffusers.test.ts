import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { sharedPath } from '../../../../test/shared';
import { sdxlUnet } from '../../../../test/estimate/pipeline';
import type { Recognition } from '../job';
import { pipelineParts } from '../pipelineIndex';
import { recognise } from '../recognise';

const index = {
  _class_name: 'StableDiffusionXLPipeline',
  _diffusers_version: '0.19.0',
  force_zeros_for_empty_prompt: true,
  feature_extractor: [null, null],
  scheduler: ['diffusers', 'EulerDiscreteScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
};

function recognition(value: object, path: string): Recognition {
  const { outcome } = recognise(JSON.stringify(value), { path, contextLength: 8192 });
  assert.ok(outcome.outcome === 'recognised', JSON.stringify(outcome));
  return outcome.recognition;
}

const kindOf = (value: object, path: string): string =>
  recognise(JSON.stringify(value), { path, contextLength: 8192 }).outcome.outcome;

describe('diffusers model', () => {
  it('reads a pipeline as one run of what lies in its folder', () => {
    const { kind, bareModel, jobs, references } = recognition(index, '/w/sdxl/model_index.json');
    const [job] = jobs;
    assert.ok(job !== undefined && bareModel);
    assert.equal(kind, 'diffusers');
    assert.equal(job.document.task, 'diffuse');
    assert.equal(job.document.engine.name, 'diffusers');
    assert.equal(job.anchorKey, '_class_name');
    assert.deepEqual(
      references.map(({ name }) => name),
      ['/w/sdxl'],
    );
  });

  it('names the parts that hold weights, the denoiser first', () => {
    assert.deepEqual(
      pipelineParts(index)?.map(({ name, role }) => [name, role]),
      [
        ['unet', 'main'],
        ['text_encoder', 'textEncoder'],
        ['text_encoder_2', 'textEncoder'],
        ['vae', 'vae'],
      ],
    );
    const wan = {
      _class_name: 'WanPipeline',
      transformer_2: ['diffusers', 'X'],
      transformer: ['diffusers', 'X'],
    };
    assert.equal(pipelineParts(wan)?.[0]?.name, 'transformer');
    assert.equal(pipelineParts({ _class_name: 'UNet2DModel' }), null);
    const filtered = { ...index, safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'] };
    assert.ok(pipelineParts(filtered)?.at(-1)?.config !== null);
  });

  it('reads a part alone, and points to keys that cannot be right', () => {
    const good = recognition(sdxlUnet, '/w/unet/config.json');
    assert.deepEqual(good.jobs[0]?.document.models[0]?.config, sdxlUnet);
    assert.deepEqual(good.problems, []);
    const [problem] = recognition({ ...sdxlUnet, in_channels: -4 }, '/w/unet/config.json').problems;
    assert.match(problem?.message ?? '', /^in_channels is -4, expected a positive integer/);
    assert.ok(problem?.keySpan !== null);
  });

  it('is silent about schedulers, processors and files of other tools', () => {
    for (const name of ['EulerDiscreteScheduler', 'VaeImageProcessor', 'CLIPTokenizer'])
      assert.equal(kindOf({ _class_name: name, _diffusers_version: '0.3' }, '/w/x/config.json'), 'not-ours');
    assert.equal(kindOf({ _class_name: 'UNet2DModel', price: 3 }, '/w/x/config.json'), 'not-ours');
    assert.equal(kindOf(sdxlUnet, '/w/scheduler/scheduler_config.json'), 'not-ours');
    assert.equal(
      kindOf({ _class_name: 'OddPipeline', _diffusers_version: '1', a: 1 }, '/w/model_index.json'),
      'not-ours',
    );
  });

  it('takes the pipelines of the corpus', function () {
    for (const pipeline of ['sd-v1-5', 'sdxl-base-1.0']) {
      const path = sharedPath('corpus', 'diffusers', pipeline, 'model_index.json');
      if (path === null) this.skip();
      const { outcome } = recognise(readFileSync(path, 'utf8'), { path, contextLength: 8192 });
      assert.equal(outcome.outcome, 'recognised');
    }
  });
});
