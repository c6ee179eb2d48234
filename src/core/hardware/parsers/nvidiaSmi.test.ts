import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { fixture, fixtures } from '../../../../test/fixtures';
import { sharedPath } from '../../../../test/shared';
import { parseNvidiaComputeApps } from './nvidiaSmiComputeApps';
import { migComputeShare, parseNvidiaList } from './nvidiaSmiList';
import { parseNvidiaMigBlocks } from './nvidiaSmiMig';
import {
  nvidiaBasicFields,
  nvidiaFailure,
  nvidiaFields,
  nvidiaNumber,
  parseNvidiaQuery,
  refusedNvidiaField,
} from './nvidiaSmiQuery';
import type { NvidiaField } from './nvidiaSmiQuery';
import { isUnifiedNvidia } from './unifiedPart';

const captured = fixtures('hardware', 'nvidia', 'csv_nounits');

describe('nvidia-smi --query-gpu', () => {
  it('asks only for fields that a current driver knows', () => {
    const known = fixture('hardware', 'nvidia', 'query_gpu_fields_590.txt').split(/\s+/u);
    for (const field of nvidiaFields) assert.ok(known.includes(field), field);
    for (const field of nvidiaBasicFields) assert.ok(nvidiaFields.includes(field));
  });

  it('reads every captured row, with and without units, the same', () => {
    const withUnits = fixtures('hardware', 'nvidia', 'csv');
    assert.ok(captured.length >= 8);
    for (const { name, text } of captured) {
      const [gpu, ...more] = parseNvidiaQuery(text, nvidiaFields);
      assert.ok(gpu !== undefined && more.length === 0, name);
      assert.ok(gpu.name.startsWith('NVIDIA '), name);
      const { totalMiB, reservedMiB, usedMiB, freeMiB } = gpu;
      assert.ok(totalMiB !== null && reservedMiB !== null && usedMiB !== null && freeMiB !== null, name);
      assert.ok(Math.abs(totalMiB - reservedMiB - usedMiB - freeMiB) <= 2, name);
      const pair = withUnits.find((other) => other.name === name);
      assert.deepEqual(parseNvidiaQuery(pair?.text ?? '', nvidiaFields), [gpu], name);
    }
  });

  it('reads an H100 with MIG', () => {
    assert.deepEqual(
      parseNvidiaQuery(
        fixture('hardware', 'nvidia', 'csv_nounits', 'linux_h100_mig_590_load.csv'),
        nvidiaFields,
      ),
      [
        {
          index: 0,
          uuid: 'GPU-00000000-0000-0000-0000-000000000000',
          name: 'NVIDIA H100 80GB HBM3',
          busId: '00000000:00:09.0',
          driver: '590.48.01',
          computeCapability: '9.0',
          totalMiB: 81559,
          reservedMiB: 479,
          usedMiB: 11125,
          freeMiB: 69956,
          mig: true,
          ecc: true,
          addressingMode: 'None',
          maxSmMHz: 1980,
          maxMemoryMHz: 2619,
          pcieGeneration: 5,
          pcieWidth: 16,
          powerLimitWatts: 700,
          utilisationPercent: null,
        },
      ],
    );
  });

  it('reads lines that end as on Windows', () => {
    const text = captured.map((capture) => capture.text.trim()).join('\r\n');
    assert.equal(parseNvidiaQuery(`${text}\r\n`, nvidiaFields).length, captured.length);
  });

  it('takes every spelling of "no value" as unknown', () => {
    for (const cell of [
      '[N/A]',
      'N/A',
      '[Not Supported]',
      'Not Supported',
      '[Unknown Error]',
      '[Insufficient Permissions]',
      '[GPU is lost]',
      'ERR!',
      '',
      undefined,
      '-1',
      'NaN',
      '1e5',
    ])
      assert.equal(nvidiaNumber(cell), null, cell);
    assert.equal(nvidiaNumber('700.00 W'), 700);
    assert.equal(nvidiaNumber('9 %'), 9);
  });

  it('leaves out what was not asked', () => {
    const [gpu] = parseNvidiaQuery(
      '0, GPU-1, Tesla K80, 00000000:00:04.0, 470.57, 11441, 0, 11441\n',
      nvidiaBasicFields,
    );
    assert.equal(gpu?.totalMiB, 11441);
    assert.equal(gpu.reservedMiB, null);
    assert.equal(gpu.computeCapability, null);
  });

  it('finds the field that an older driver refuses', () => {
    assert.equal(refusedNvidiaField('Field "compute_cap" is not a valid field to query.\n\n'), 'compute_cap');
    assert.equal(refusedNvidiaField(captured[0]?.text ?? ''), null);
    const path = sharedPath('hardware', 'samples', 'nvidia', 'errors', 'unknown_field_stdout.txt');
    if (path !== null) assert.equal(refusedNvidiaField(readFileSync(path, 'utf8')), 'compute_cap');
  });

  it('has a sentence for the known failures', () => {
    assert.match(
      nvidiaFailure("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", 9) ?? '',
      /not loaded/u,
    );
    assert.match(
      nvidiaFailure('Failed to initialize NVML: Driver/library version mismatch', 18) ?? '',
      /versions/u,
    );
    assert.match(nvidiaFailure('No devices were found', 6) ?? '', /no NVIDIA device/u);
    assert.equal(nvidiaFailure('Segmentation fault', 139), null);
  });
});

describe('unified NVIDIA parts', () => {
  const row = (name: string, memory: string, rest: string): string => `0, GPU-1, ${name}, ${memory}, ${rest}`;
  const fields: readonly NvidiaField[] = [
    'index',
    'uuid',
    'name',
    'memory.total',
    'memory.reserved',
    'compute_cap',
    'utilization.gpu',
  ];
  const host = 127_600_748 * 1024;
  const cases: readonly (readonly [text: string, unified: boolean])[] = [
    [row('NVIDIA GB10', '[N/A], [N/A]', '12.1, 0'), true],
    [row('NVIDIA GB10', '124610, [N/A]', '12.1, 0'), true],
    [row('Orin (nvgpu)', '[N/A], [N/A]', '[N/A], [N/A]'), true],
    [row('NVIDIA RTX Spark N1X', '8128, 100', '12.1, 3'), true],
    [row('NVIDIA Unheard Of', '[N/A], [N/A]', '13.0, 5'), true],
    [row('NVIDIA Unheard Of', '124000, [N/A]', '13.0, 5'), true],
    [row('NVIDIA A100-SXM4-80GB', '[GPU is lost], [GPU is lost]', '[GPU is lost], [GPU is lost]'), false],
    [
      row('NVIDIA A100-SXM4-80GB', '[Insufficient Permissions], [N/A]', '8.0, [Insufficient Permissions]'),
      false,
    ],
    [row('NVIDIA GH200 480GB', '97871, 600', '9.0, 0'), false],
    [row('NVIDIA H200', '124000, 614', '9.0, 0'), false],
  ];
  for (const [text, unified] of cases) {
    it(`${unified ? 'takes' : 'does not take'} "${text}" for one`, () => {
      const [gpu] = parseNvidiaQuery(text, fields);
      assert.ok(gpu !== undefined);
      assert.equal(isUnifiedNvidia(gpu, host), unified);
    });
  }
});

describe('outputs of unified parts as people showed them', () => {
  const read = (...parts: readonly string[]): string | null => {
    const path = sharedPath('hardware', 'samples', 'nvidia', ...parts);
    return path === null ? null : readFileSync(path, 'utf8');
  };

  it('have no memory figure on a GB10', function () {
    const text = read('csv', 'gb10_580_issue.csv') ?? this.skip();
    const cells = (text.split('\n')[1] ?? '').split(', ');
    assert.deepEqual(cells.slice(0, 4).map(nvidiaNumber), [null, null, null, 0]);
  });

  it('name a Jetson and nothing else', function () {
    const text = read('csv', 'jetson_orin_nounits_issue.csv') ?? this.skip();
    const fields = [
      'index',
      'name',
      'memory.total',
      'memory.used',
      'memory.free',
      'utilization.gpu',
      'power.limit',
    ] as const;
    const [gpu] = parseNvidiaQuery(text, fields);
    assert.ok(gpu !== undefined);
    assert.deepEqual([gpu.name, gpu.totalMiB], ['Orin (nvgpu)', null]);
    assert.equal(isUnifiedNvidia(gpu, null), true);
  });
});

describe('nvidia-smi and MIG', () => {
  it('lists the instances with their profiles', () => {
    const [gpu] = parseNvidiaList(fixture('hardware', 'nvidia', 'list', 'h100_mig_L.txt'));
    assert.equal(gpu?.name, 'NVIDIA H100 80GB HBM3');
    assert.deepEqual(
      gpu.migDevices.map(({ profile, index }) => [profile, index]),
      [
        ['3g.40gb', 0],
        ['2g.20gb', 1],
        ['1g.10gb', 2],
        ['1g.10gb', 3],
      ],
    );
    assert.equal(gpu.migDevices[1]?.uuid, 'MIG-00000001-0000-0000-0000-000000000001');
    assert.deepEqual(
      parseNvidiaList(fixture('hardware', 'nvidia', 'list', 'h200_mig_L.txt'))[0]?.migDevices.map(
        ({ profile }) => profile,
      ),
      ['1c.3g.71gb', '2c.3g.71gb', '2g.35gb', '1g.18gb', '1g.18gb'],
    );
  });

  it('reads the memory of each instance', () => {
    const blocks = parseNvidiaMigBlocks(fixture('hardware', 'nvidia', 'q', 'h100_mig_load_q.txt'));
    assert.deepEqual(
      blocks.map(({ index, totalMiB, freeMiB }) => [index, totalMiB, freeMiB]),
      [
        [0, 40448, 29357],
        [1, 20096, 20080],
        [2, 9984, 9976],
        [3, 9984, 9976],
      ],
    );
    assert.ok(blocks.every(({ busId }) => busId === '00000000:00:09.0'));
    const shared = parseNvidiaMigBlocks(fixture('hardware', 'nvidia', 'q', 'h200_mig_load_q.txt'));
    assert.equal(shared.length, 5);
    assert.equal(shared[0]?.gpuInstance, shared[1]?.gpuInstance);
  });

  it('knows the share of the compute slices', () => {
    assert.equal(migComputeShare('3g.40gb'), 3 / 7);
    assert.equal(migComputeShare('1c.3g.71gb'), 1 / 7);
    assert.equal(migComputeShare('2g.12gb', 4), 0.5);
    assert.equal(migComputeShare('0g.1gb'), null);
    assert.equal(migComputeShare('whole'), null);
  });
});

describe('nvidia-smi --query-compute-apps', () => {
  it('reads what holds memory', () => {
    assert.deepEqual(
      parseNvidiaComputeApps(fixture('hardware', 'nvidia', 'compute_apps', 'h100_mig_load.csv')),
      [
        {
          gpuUuid: 'GPU-00000000-0000-0000-0000-000000000000',
          pid: 21180,
          usedMiB: 2296,
          name: '/apps/tools/memhog',
        },
        {
          gpuUuid: 'GPU-00000000-0000-0000-0000-000000000000',
          pid: 21181,
          usedMiB: 1272,
          name: '/apps/tools/memhog',
        },
        {
          gpuUuid: 'GPU-00000000-0000-0000-0000-000000000000',
          pid: 21198,
          usedMiB: 7484,
          name: './gpu_burn',
        },
      ],
    );
  });

  it('keeps processes of which Windows tells no memory', () => {
    const text = fixture('hardware', 'nvidia', 'compute_apps', 'windows_rtx2080super_wddm_load.csv');
    const processes = parseNvidiaComputeApps(text.replace(/\r?\n/gu, '\r\n'));
    assert.equal(processes.length, 12);
    assert.ok(processes.every(({ usedMiB }) => usedMiB === null));
    assert.equal(processes[4]?.name, 'C:\\Program Files\\NZXT CAM\\NZXT CAM.exe');
  });

  it('keeps commas in a name', () => {
    assert.equal(parseNvidiaComputeApps('GPU-1, 7, 12, /opt/a, b/run\n')[0]?.name, '/opt/a, b/run');
  });
});

describe('the nvidia-smi parsers on damaged text', () => {
  const texts = ['csv', 'csv_nounits', 'compute_apps', 'list', 'q'].flatMap((folder) =>
    fixtures('hardware', 'nvidia', folder).map(({ text }) => text),
  );
  const damaged = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc
      .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(60), fc.string({ maxLength: 8 }))
      .map(([text, at, length, put]) => {
        const start = at % Math.max(1, text.length);
        return text.slice(0, start) + put + text.slice(start + length);
      }),
    fc
      .tuple(fc.constantFrom(...texts), fc.nat())
      .map(([text, end]) => text.slice(0, end % (text.length + 1))),
  );

  /** Every number anywhere in a parsed value is finite and not negative. */
  function sane(value: unknown): void {
    if (typeof value === 'number') assert.ok(Number.isFinite(value) && value >= 0, String(value));
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(sane);
  }

  it('never throws and never makes up a number', () => {
    fc.assert(
      fc.property(damaged, (text) => {
        sane(parseNvidiaQuery(text, nvidiaFields));
        sane(parseNvidiaQuery(text, nvidiaBasicFields));
        sane(parseNvidiaList(text));
        sane(parseNvidiaMigBlocks(text));
        sane(parseNvidiaComputeApps(text));
        refusedNvidiaField(text);
        nvidiaFailure(text, null);
      }),
      { numRuns: 500 },
    );
  });
});
