import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { peftTensors } from '../../src/core/estimate/terms/peftTensors';
import { parseAdapterConfig } from '../../src/core/model/adapter';
import { blueprintFromConfig } from '../../src/core/model/blueprintFromConfig';
import { recordedLines } from '../support/recordedNames';

const { library, answers } = JSON.parse(
  gunzipSync(readFileSync('test/fixtures/adapters.json.gz')).toString('utf8'),
) as {
  readonly library: string;
  readonly answers: readonly {
    readonly label: string;
    readonly base: object;
    readonly adapter: object;
    readonly tensors: readonly string[];
  }[];
};

describe(`adapters as ${library} saves them`, () => {
  for (const { label, base, adapter, tensors } of answers)
    it(label, () => {
      const model = blueprintFromConfig(base);
      const parsed = parseAdapterConfig(adapter);
      assert.ok(model.ok && parsed.ok && parsed.adapter.lora !== null);
      const ours = peftTensors(model.blueprint, parsed.adapter.lora);
      assert.deepEqual(
        new Map(ours.map(({ name, shape }) => [name, JSON.stringify(shape)])),
        recordedLines(tensors),
      );
    });
});
