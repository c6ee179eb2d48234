import assert from 'node:assert/strict';
import { noCeilings } from '../core/hardware/device';
import type { HardwareReport } from '../core/hardware/device';
import { GiB } from '../core/units/bytes';
import { formatHardware } from './hardware';

const report: HardwareReport = {
  schema: 1,
  machine: {
    os: { platform: 'linux', release: '6.1.0', container: true, wsl: false, loginNode: false },
    cpu: {
      model: 'Example CPU',
      physicalCores: 8,
      logicalCores: 16,
      isa: ['avx2'],
      quotaCores: 4,
      ceilings: noCeilings,
    },
    memory: {
      totalBytes: 64 * GiB,
      availableBytes: 20 * GiB,
      limitBytes: 32 * GiB,
      ratedBytesPerSecond: 51.2e9,
      origin: 'reported',
    },
    devices: [
      {
        id: 'GPU-1',
        index: 0,
        vendor: 'nvidia',
        name: 'NVIDIA GeForce RTX 4090',
        catalogueId: 'rtx4090',
        kind: 'discrete',
        totalBytes: 24 * GiB,
        usableBytes: 23.5 * GiB,
        freeBytes: null,
        computeCapability: '8.9',
        driver: '595.80',
        visible: true,
        processes: [{ pid: 7, name: 'python', bytes: GiB }],
        ceilings: { ...noCeilings, bytesPerSecond: { value: 1008e9, origin: 'catalogue' } },
        origin: 'reported',
        source: 'nvidia-smi',
      },
    ],
  },
  clusters: [],
  probes: [{ name: 'nvidia-smi', outcome: 'ok', milliseconds: 41, detail: '1 GPU, driver 595.80' }],
};

describe('rooflens hardware', () => {
  it('prints short aligned tables, numbers at their right side', () => {
    assert.equal(
      formatHardware(report),
      [
        'System  linux 6.1.0, in a container',
        'CPU     Example CPU, 8 cores, 16 threads, avx2',
        'Memory  64.0 GiB, 20.0 GiB available, rated 51.2 GB/s',
        'Limits  memory limited to 32.0 GiB, CPU limited to 4 cores',
        '',
        'Device                   Kind       GiB  usable  free  GB/s              Source',
        'NVIDIA GeForce RTX 4090  discrete  24.0    23.5     ?  1008 (catalogue)  nvidia-smi, 1 process',
        '',
        'Target  NVIDIA GeForce RTX 4090',
        '',
        'Probe       Outcome  ms  Detail',
        'nvidia-smi  ok       41  1 GPU, driver 595.80',
        '',
      ].join('\n'),
    );
  });

  it('says that there is no GPU', () => {
    const without = { ...report, machine: { ...report.machine, devices: [] } };
    assert.match(formatHardware(without), /No GPU was found\.\n\nTarget {2}Example CPU/u);
  });
});
