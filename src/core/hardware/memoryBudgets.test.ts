import assert from 'node:assert/strict';
import { GiB } from '../units/bytes';
import { deviceUsable, hostBudget, moduleBandwidth, pcieBandwidth } from './memoryBudgets';

const level = (limit: number | null, current: number, inactiveFile = 0, activeFile = 0) => ({
  limit,
  current,
  inactiveFile,
  activeFile,
});

describe('hostBudget', () => {
  it('is what the host has where nothing limits', () => {
    assert.deepEqual(hostBudget(64 * GiB, 50 * GiB, []), { limitBytes: null, availableBytes: 50 * GiB });
    assert.deepEqual(hostBudget(64 * GiB, 50 * GiB, [level(null, 60 * GiB)]), {
      limitBytes: null,
      availableBytes: 50 * GiB,
    });
    assert.equal(hostBudget(64 * GiB, 50 * GiB, [level(100 * GiB, 1)]).limitBytes, null);
  });

  it('takes the tightest level on the way to the root', () => {
    assert.deepEqual(hostBudget(64 * GiB, 50 * GiB, [level(32 * GiB, 2 * GiB), level(16 * GiB, 12 * GiB)]), {
      limitBytes: 16 * GiB,
      availableBytes: 4 * GiB,
    });
  });

  it('counts page cache as available, hot or not', () => {
    // Weights mapped from a file are active page cache.
    const weights = level(16 * GiB, 15 * GiB, 1 * GiB, 12 * GiB);
    assert.equal(hostBudget(64 * GiB, 50 * GiB, [weights]).availableBytes, 14 * GiB);
  });

  it('never exceeds what the host has, and is never negative', () => {
    assert.equal(hostBudget(64 * GiB, 3 * GiB, [level(16 * GiB, 0)]).availableBytes, 3 * GiB);
    assert.equal(hostBudget(64 * GiB, 3 * GiB, [level(1 * GiB, 5 * GiB)]).availableBytes, 0);
  });
});

describe('deviceUsable', () => {
  it('leaves out what the driver reserves', () => {
    assert.equal(deviceUsable(100, 7), 93);
    assert.equal(deviceUsable(100, null), 100);
    assert.equal(deviceUsable(null, 7), null);
  });
});

describe('moduleBandwidth', () => {
  const module = (locator: string, megatransfers: number | null = 3200, type = 'DDR4') => ({
    locator,
    megatransfers,
    type,
  });

  it('counts channels, not slots', () => {
    const four = ['DIMM_A1', 'DIMM_A2', 'DIMM_B1', 'DIMM_B2'].map((name) => module(name));
    assert.equal(moduleBandwidth(four), 2 * 3200e6 * 8);
    assert.equal(moduleBandwidth([module('ChannelA-DIMM0'), module('ChannelB-DIMM0')]), 2 * 3200e6 * 8);
    assert.equal(
      moduleBandwidth(['P0 CHANNEL A', 'P0 CHANNEL B', 'P1 CHANNEL A'].map((name) => module(name))),
      3 * 3200e6 * 8,
    );
  });

  it('says nothing where it cannot tell', () => {
    assert.equal(moduleBandwidth([]), null);
    assert.equal(moduleBandwidth([module('', null)]), null);
    assert.equal(moduleBandwidth([module('', 0)]), null);
    assert.equal(moduleBandwidth([module(''), module(''), module('')]), null);
    assert.equal(moduleBandwidth([module('DIMM_A1', 6400, 'LPDDR5')]), null);
  });

  it('takes the slowest speed', () => {
    assert.equal(moduleBandwidth([module('DIMM_A1', 3600), module('DIMM_B1', 3200)]), 2 * 3200e6 * 8);
  });
});

describe('pcieBandwidth', () => {
  it('is lanes times the rate of the generation', () => {
    assert.equal(pcieBandwidth(4, 16), 16 * 1.969e9);
    assert.equal(pcieBandwidth(null, 16), null);
    assert.equal(pcieBandwidth(9, 16), null);
    assert.equal(pcieBandwidth(4, 0), null);
  });
});
