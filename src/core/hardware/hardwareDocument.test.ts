import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { GiB } from '../units/bytes';
import { noCeilings } from './device';
import { readHardwareDocument } from './hardwareDocument';
import { targetFromReport } from './localTarget';

/** As little as a person would write. */
const small = {
  schema: 1,
  machine: {
    cpu: { model: 'Example CPU', physicalCores: 8, logicalCores: 16 },
    memory: { totalBytes: 64 * GiB, availableBytes: 50 * GiB },
    devices: [
      {
        vendor: 'nvidia',
        name: 'NVIDIA L40S',
        kind: 'discrete',
        totalBytes: 46068 * 2 ** 20,
        usableBytes: 45459 * 2 ** 20,
      },
    ],
  },
};

function complaint(value: unknown): string {
  const document = readHardwareDocument(value);
  assert.ok(!document.ok);
  return document.message;
}

describe('readHardwareDocument', () => {
  it('fills in what is left out as unknown', () => {
    const document = readHardwareDocument(small);
    assert.ok(document.ok);
    const [device] = document.report.machine.devices;
    assert.deepEqual(device?.ceilings, noCeilings);
    assert.deepEqual([device.freeBytes, device.visible, device.catalogueId], [null, true, null]);
    const target = targetFromReport(document.report, 'chosen');
    assert.equal(target.label, 'L40S');
    assert.equal(target.pools[1]?.usableBytes, 50 * GiB);
  });

  it('names the key that is wrong, and what is expected', () => {
    const memory = { totalBytes: '64 GB', availableBytes: 1 };
    assert.equal(
      complaint({ ...small, machine: { ...small.machine, memory } }),
      'machine.memory.totalBytes: a number of bytes is expected',
    );
    const devices = [{ ...small.machine.devices[0], usableBytes: -1 }];
    assert.match(
      complaint({ ...small, machine: { ...small.machine, devices } }),
      /^machine\.devices\.0\.usableBytes: /u,
    );
    assert.match(complaint({ ...small, schema: 2 }), /^schema: 1 is expected/u);
    assert.match(complaint({ schema: 1 }), /^machine: /u);
    assert.match(complaint([]), /is expected$/u);
    assert.match(complaint(null), /^the document: an object is expected/u);
  });

  it('answers anything with a report or a sentence', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const document = readHardwareDocument(value);
        assert.ok(document.ok || document.message.length > 0);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom('cpu', 'memory', 'devices', 'os'), fc.anything(), (key, value) => {
        const document = readHardwareDocument({ ...small, machine: { ...small.machine, [key]: value } });
        if (document.ok) targetFromReport(document.report, 'chosen');
        else assert.ok(document.message.length > 0);
      }),
    );
  });
});
