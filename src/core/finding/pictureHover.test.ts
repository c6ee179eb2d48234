import assert from 'node:assert/strict';
import { pipeline, sdxlUnet, sdxlVae } from '../../../test/estimate/pipeline';
import { resolveTarget } from '../hardware/resolveTarget';
import { recognise } from '../job/recognise';
import type { WhatIf } from './analysis';
import { answer } from './answer';
import { hoverText } from './hoverText';
import { whatIf } from './whatIf';

function hover(path: string): WhatIf {
  const { outcome } = recognise(JSON.stringify(sdxlUnet), {
    path: '/w/unet/config.json',
    contextLength: 8192,
  });
  assert.ok(outcome.outcome === 'recognised');
  const [job] = outcome.recognition.jobs;
  const resolution = resolveTarget('rtx4090', { machine: null, choice: 'chosen' });
  assert.ok(job !== undefined && resolution.ok);
  const { target } = resolution;
  const models = pipeline({ unet: sdxlUnet, vae: sdxlVae });
  const result = answer({
    kind: 'diffusers',
    job,
    models,
    target,
    machine: null,
    file: null,
    line: 1,
    brief: true,
  });
  const table = whatIf({ job, models, target, result }, path);
  assert.ok(table !== null);
  return table;
}

describe('hover on a part of a pipeline', () => {
  it('compares the dtype that it is loaded in with 16 bits', () => {
    const { key, rows } = hover('models.0.dtype');
    assert.equal(key, '_class_name');
    assert.deepEqual(
      rows.map(({ label, current }) => [label, current]),
      [
        ['as loaded', true],
        ['16-bit', false],
      ],
    );
    assert.ok((rows[0]?.peakBytes ?? 0) > 1.6 * (rows[1]?.peakBytes ?? 0));
  });

  it('compares sizes of pictures on the key that says what it was made for', () => {
    const table = hover('inference.image');
    assert.equal(table.key, 'sample_size');
    assert.deepEqual(
      table.rows.map(({ label }) => label),
      ['its own size', '512 x 512', '1024 x 1024', '2048 x 2048'],
    );
    const [own, small, same, large] = table.rows.map(({ peakBytes }) => peakBytes);
    assert.equal(own, same);
    assert.ok((small ?? 0) < (own ?? 0) && (own ?? 0) < (large ?? 0));
    const text = hoverText(table, { apply: () => null, explain: null });
    assert.match(text, /Default of diffusers for dtype; target from settings/);
  });
});
