import assert from 'node:assert/strict';
import {
  closeEditors,
  codeOf,
  diagnostics,
  lenses,
  openExample,
  untilDiagnostic,
  untilLens,
} from './support';

describe('the example workspace', () => {
  afterEach(closeEditors);

  it('has an axolotl job that fits', async () => {
    const { document } = await openExample('axolotl-fits.yaml');
    await untilLens(
      document,
      /^\$\(check\) Fits · [\d.]+ of 23\.5 GiB · ~[\d.]+k? tok\/s \(\w+\) \| RTX 4090 \| Report$/,
    );
    assert.deepEqual(diagnostics(document).map(codeOf), []);
  });

  it('has one that exceeds, and says where', async () => {
    const { document } = await openExample('axolotl-exceeds.yaml');
    await untilLens(
      document,
      /^\$\(warning\) Needs [\d.]+ of 23\.5 GiB \(logits [\d.]+\) · largest micro_batch_size \d \| RTX 4090 \| Report$/,
    );
    const diagnostic = await untilDiagnostic(document, 'exceeds-memory');
    assert.equal(document.getText(diagnostic.range), 'micro_batch_size');
  });

  it('has one of which nothing can be told, with the way out', async () => {
    const { document } = await openExample('axolotl-unknown.yaml');
    await untilLens(
      document,
      /^\$\(question\) Cannot tell: acme\/[\w-]+ is not on this machine \| Point to config\.json…$/,
    );
    const parts = await lenses(document);
    assert.equal(parts[1]?.command?.command, 'rooflens.pointToModel');
    assert.match(String((parts[1].command.arguments as unknown[])[0]), /^acme\//);
  });

  it('has a job document that is tight', async () => {
    const { document } = await openExample('jobs/chat-8b-many.rooflens.json');
    await untilLens(document, /^\$\(info\) Tight · [\d.]+–[\d.]+ of 23\.5 GiB \| RTX 4090 \| Report$/);
    const diagnostic = await untilDiagnostic(document, 'tight-memory');
    assert.match(diagnostic.message, /needs [\d.]+ to [\d.]+ GiB/);
  });

  it('has a job document that runs partly in RAM, with its layers and its speed, and no diagnostic', async () => {
    const { document } = await openExample('jobs/chat-32b-long.rooflens.json');
    await untilLens(
      document,
      /^\$\(split-horizontal\) \d+\/65 layers on GPU, rest in RAM · ~[\d.]+ tok\/s \(\w+\) \| RTX 4090$/,
    );
    assert.deepEqual(diagnostics(document).map(codeOf), []);
  });

  it('has a bare model with its sizes and uses', async () => {
    const { document } = await openExample('models/llama-3.1-8b/config.json');
    await untilLens(
      document,
      /^8\.03 B · bf16 15\.0 · 4-bit 5\.\d GiB · KV 128 KiB\/token \| Run \$\(check\) ~\d+ tok\/s/,
    );
  });

  it('has files that get nothing', async () => {
    for (const name of ['package.json', 'app/config.json']) {
      const { document } = await openExample(name);
      assert.deepEqual(await lenses(document), [], name);
    }
  });
});
