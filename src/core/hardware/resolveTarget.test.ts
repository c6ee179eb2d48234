import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { GiB, MiB } from '../units/bytes';
import { accelerators } from './catalogue.generated';
import { displayName } from './catalogueNames';
import { noCeilings } from './device';
import type { Cluster } from './device';
import { isTargetPath, resolveTarget } from './resolveTarget';
import type { Target } from './target';

const context = { machine: null, choice: 'chosen' } as const;

function resolved(text: string): Target {
  const resolution = resolveTarget(text, context);
  assert.ok(resolution.ok, resolution.ok ? '' : resolution.message);
  return resolution.target;
}

function refused(text: string): { message: string; nearest: readonly string[] } {
  const resolution = resolveTarget(text, context);
  assert.ok(!resolution.ok, text);
  return resolution;
}

describe('resolveTarget', () => {
  const names: readonly (readonly [
    text: string,
    id: string,
    count: number,
    kind: string,
    usable: number,
    origin: string,
  ])[] = [
    ['rtx4090', 'rtx4090', 1, 'device', 23.5 * GiB, 'assumed'],
    ['RTX 4090', 'rtx4090', 1, 'device', 23.5 * GiB, 'assumed'],
    ['4090', 'rtx4090', 1, 'device', 23.5 * GiB, 'assumed'],
    ['2x NVIDIA GeForce RTX 4090', 'rtx4090', 2, 'device', 23.5 * GiB, 'assumed'],
    ['A100 80GB', 'a100-sxm4-80gb', 1, 'device', 79.5 * GiB, 'assumed'],
    ['A100 SXM 80GB', 'a100-sxm4-80gb', 1, 'device', 79.5 * GiB, 'assumed'],
    ['NVIDIA A100-SXM4-80GB', 'a100-sxm4-80gb', 1, 'device', 79.5 * GiB, 'assumed'],
    ['A100 80GB PCIe', 'a100-pcie-80gb', 1, 'device', 79.5 * GiB, 'assumed'],
    ['A100-40GB', 'a100-sxm4-40gb', 1, 'device', 39538 * MiB, 'catalogue'],
    ['8x NVIDIA H100 80GB HBM3', 'h100-sxm5-80gb', 8, 'device', 81559 * MiB, 'catalogue'],
    ['h100-sxm5-80gb', 'h100-sxm5-80gb', 1, 'device', 81559 * MiB, 'catalogue'],
    ['H100 NVL', 'h100-nvl-94gb', 1, 'device', 93.5 * GiB, 'assumed'],
    ['H200', 'h200-sxm-141gb', 1, 'device', 143771 * MiB, 'catalogue'],
    ['L40S', 'l40s', 1, 'device', 46068 * MiB, 'catalogue'],
    ['L40', 'l40', 1, 'device', 47.5 * GiB, 'assumed'],
    ['L4', 'l4', 1, 'device', 23.5 * GiB, 'assumed'],
    ['A10G', 'a10g', 1, 'device', 23.5 * GiB, 'assumed'],
    ['A10', 'a10', 1, 'device', 23.5 * GiB, 'assumed'],
    ['RTX 6000 Ada', 'rtx-6000-ada', 1, 'device', 47.5 * GiB, 'assumed'],
    ['RTX A6000', 'rtx-a6000', 1, 'device', 49140 * MiB, 'catalogue'],
    ['RTX PRO 6000', 'rtx-pro-6000-bw', 1, 'device', 95.5 * GiB, 'assumed'],
    [
      'NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition',
      'rtx-pro-6000-bw-maxq',
      1,
      'device',
      95.5 * GiB,
      'assumed',
    ],
    [
      'NVIDIA RTX PRO 6000 Blackwell Server Edition',
      'rtx-pro-6000-bw-server',
      1,
      'device',
      95.5 * GiB,
      'assumed',
    ],
    ['RTX 4090 D', 'rtx4090d', 1, 'device', 23.5 * GiB, 'assumed'],
    ['RTX 4090 Laptop', 'rtx4090-laptop', 1, 'device', 15.5 * GiB, 'assumed'],
    ['RTX 4050', 'rtx4050-laptop', 1, 'device', 5.5 * GiB, 'assumed'],
    ['3080', 'rtx3080-12gb', 1, 'device', 11.5 * GiB, 'assumed'],
    ['RTX 3080 10GB', 'rtx3080-10gb', 1, 'device', 9.5 * GiB, 'assumed'],
    ['RTX 4060 Ti', 'rtx4060ti', 1, 'device', 15.5 * GiB, 'assumed'],
    ['RTX 4060 Ti 8 GB', 'rtx4060ti', 1, 'device', 7.5 * GiB, 'assumed'],
    ['Tesla T4', 't4', 1, 'device', 15109 * MiB, 'catalogue'],
    ['V100-SXM2-16GB', 'v100-sxm2', 1, 'device', 15.5 * GiB, 'assumed'],
    ['NVIDIA GH200 480GB', 'gh200-96gb', 1, 'device', 95.5 * GiB, 'assumed'],
    ['Apple M2 Ultra 76-Core GPU 192GB', 'apple-m2-ultra', 1, 'unified', 144 * GiB, 'assumed'],
    ['Apple M3 Max 40-Core GPU 64GB', 'apple-m3-max-40c', 1, 'unified', 48 * GiB, 'assumed'],
    ['M3 Max 36GB', 'apple-m3-max-30c', 1, 'unified', Math.floor(36 * GiB * 0.67), 'assumed'],
    ['M1 8GB', 'apple-m1', 1, 'unified', Math.floor(8 * GiB * 0.67), 'assumed'],
    ['AMD Radeon RX 7900 XTX', 'rx7900xtx', 1, 'device', 23.5 * GiB, 'assumed'],
    ['2x6800 XT', 'rx6800xt', 2, 'device', 15.5 * GiB, 'assumed'],
    ['7900 XT', 'rx7900xt', 1, 'device', 19.5 * GiB, 'assumed'],
    ['MI300X', 'mi300x', 1, 'device', 191.5 * GiB, 'assumed'],
    ['MI300', 'mi300x', 1, 'device', 191.5 * GiB, 'assumed'],
    ['4 x MI250X', 'mi250x', 8, 'device', 63.5 * GiB, 'assumed'],
    ['AMD Ryzen AI Max+ 395', 'strix-halo-8060s', 1, 'unified', 96 * GiB, 'assumed'],
    ['AMD RYZEN AI MAX+ 395 w/ Radeon 8060S', 'strix-halo-8060s', 1, 'unified', 96 * GiB, 'assumed'],
    ['NVIDIA GB10 (DGX Spark)', 'gb10', 1, 'unified', 127_600_748 * 1024, 'catalogue'],
    ['DGX Spark', 'gb10', 1, 'unified', 127_600_748 * 1024, 'catalogue'],
    ['Intel Arc B580', 'arc-b580', 1, 'device', 11.5 * GiB, 'assumed'],
    [
      'Jetson AGX Orin 64GB',
      'jetson-agx-orin-64gb',
      1,
      'unified',
      Math.floor((127_600_748 * 1024) / 2),
      'assumed',
    ],
  ];
  for (const [text, id, count, kind, usable, origin] of names) {
    it(`reads "${text}" as ${count} x ${id}`, () => {
      const target = resolved(text);
      const [pool] = target.pools;
      assert.equal(target.pools.length, 1);
      assert.deepEqual(
        [pool?.catalogueId, pool?.count, pool?.kind, pool?.usableBytes, pool?.usableOrigin, pool?.freeBytes],
        [id, count, kind, usable, origin, null],
      );
      assert.equal(target.choice, 'chosen');
    });
  }

  it('writes counts with a multiplication sign', () => {
    assert.equal(resolved('8x NVIDIA H100 80GB HBM3').label, '8 × H100 80GB');
    assert.equal(resolved('8 × H100').name, '8 × NVIDIA H100 SXM5 80GB');
    assert.equal(resolved('RTX 4090').label, 'RTX 4090');
  });

  it('lists what the name could mean as well', () => {
    assert.deepEqual(resolved('A100 80GB').alternatives, ['NVIDIA A100 PCIe 80GB']);
    assert.deepEqual(resolved('RTX 3080 12GB').alternatives, ['NVIDIA GeForce RTX 3080 Ti']);
    assert.ok(resolved('RTX 6000').alternatives.includes('NVIDIA RTX 6000 Ada Generation'));
    assert.deepEqual(resolved('NVIDIA A100-SXM4-80GB').alternatives, []);
  });

  it('joins devices, and counts equal ones together', () => {
    const mixed = resolved('rtx3090 + 2 x rtx3060');
    assert.equal(mixed.label, 'RTX 3090 + 2 × RTX 3060');
    assert.deepEqual(
      mixed.pools.map((pool) => [pool.catalogueId, pool.count]),
      [
        ['rtx3090', 1],
        ['rtx3060-12gb', 2],
      ],
    );
    assert.deepEqual(
      resolved('rtx4090 + RTX 4090').pools.map((pool) => pool.count),
      [2],
    );
  });

  it('offers three near names for what nothing is called', () => {
    const { nearest, message } = refused('RTX 4095');
    assert.equal(nearest.length, 3);
    assert.ok(nearest.includes('NVIDIA GeForce RTX 4090'), nearest.join());
    assert.match(message, /No accelerator is called "RTX 4095"/u);
    for (const name of nearest) resolved(name);
  });

  it('does not take another product for the one named', () => {
    for (const text of [
      'W6800',
      'RTX 6800',
      'T400',
      'TITAN V',
      'GB',
      'Ultra',
      'RTX',
      'A4090',
      'GTX 4090',
      '40',
    ])
      refused(text);
  });

  it('says what is wrong with a count instead of reading over it', () => {
    assert.match(refused('8 H100').message, /"8 x H100"/u);
    assert.match(refused('A100-80GB:8').message, /"8 x A100-80GB"/u);
    assert.match(refused('0x H100').message, /1 to/u);
    assert.match(refused('H100 MIG 1g.10gb').message, /slice/u);
    assert.match(refused('N1X').message, /memory sizes/u);
    assert.match(refused('  ').message, /empty/u);
  });

  it('says what it cannot know of this machine and of clusters', () => {
    for (const text of ['auto', 'local', 'CPU']) assert.match(refused(text).message, /not known/u);
    for (const text of ['slurm:gpu', 'k8s:a100', 'ray:default'])
      assert.match(refused(text).message, /inventory of a cluster/u);
    assert.match(refused('rtx4090 + ./node.json').message, /stands alone/u);
  });

  it('reads a node of a listed cluster', () => {
    const clusters: readonly Cluster[] = [
      {
        kind: 'slurm',
        name: 'c1',
        pools: [
          {
            name: 'gpu',
            nodes: 4,
            device: 'a100',
            devicesPerNode: 8,
            deviceBytes: 40 * GiB,
            free: 3,
            timeLimitSeconds: null,
          },
          {
            name: 'cpu',
            nodes: 4,
            device: null,
            devicesPerNode: 0,
            deviceBytes: null,
            free: null,
            timeLimitSeconds: null,
          },
        ],
      },
    ];
    const resolution = resolveTarget('slurm:gpu', { ...context, clusters });
    assert.ok(resolution.ok);
    assert.deepEqual(
      resolution.target.pools.map((pool) => [pool.catalogueId, pool.count]),
      [['a100-sxm4-40gb', 8]],
    );
    for (const [text, message] of [
      ['slurm:cpu', /no accelerator/u],
      ['slurm:debug', /gpu, cpu/u],
      ['k8s:gpu', /inventory/u],
    ] as const) {
      const failed = resolveTarget(text, { ...context, clusters });
      assert.ok(!failed.ok);
      assert.match(failed.message, message);
    }
  });

  it('knows a path from a name', () => {
    for (const path of ['./node.json', '/tmp/hw', '../x', 'C:\\hw\\node.json', 'node.json', '~/hw.json'])
      assert.equal(isTargetPath(path), true, path);
    for (const name of ['rtx4090', 'Ryzen AI Max 385/390', 'A100 80GB', 'slurm:gpu', 'B200 (HGX)'])
      assert.equal(isTargetPath(name), false, name);
  });

  it('finds every entry by its id and by its name', () => {
    for (const entry of accelerators) {
      if (entry.ratedGiB === null) continue;
      assert.equal(resolved(entry.id).pools[0]?.catalogueId, entry.id);
      for (const size of entry.optionsGiB) {
        const [pool] = resolved(displayName(entry, size)).pools;
        assert.equal(pool?.catalogueId, entry.id, displayName(entry, size));
        assert.equal(Math.round((pool.totalBytes * entry.devicesPerCard) / GiB / size), 1);
      }
    }
  });

  const variants = accelerators.flatMap((entry) =>
    entry.optionsGiB.map((size) => ({ entry, name: displayName(entry, size) })),
  );
  const vendorWords = ['NVIDIA', 'GeForce', 'AMD', 'Radeon', 'Intel(R)', 'Apple', 'Tesla', 'GPU', 'Graphics'];
  const extraWords = ['cloud', 'instance', 'node', 'our', 'rented', 'on-demand', 'spot', 'machine'];

  it('does not look at case, punctuation, vendor words and extra words', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...variants),
        fc.func(fc.boolean()),
        fc.constantFrom(' ', '-', '_', '  ', ', '),
        fc.array(fc.constantFrom(...vendorWords, ...extraWords), { maxLength: 3 }),
        fc.array(fc.constantFrom(...vendorWords, ...extraWords), { maxLength: 3 }),
        ({ entry, name }, upper, separator, before, after) => {
          const spoken = name
            .split(' ')
            .map((word) => (upper(word) ? word.toUpperCase() : word.toLowerCase()))
            .join(separator);
          const text = [...before, spoken, ...after].join(' ');
          assert.equal(resolved(text).pools[0]?.catalogueId, entry.id, text);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('answers every text with a target or a sentence', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: 'binary' }),
          fc.stringMatching(/^\d* ?x? ?[rgtxa ]*\d* ?\d*gb$/u),
        ),
        (text) => {
          const resolution = resolveTarget(text, context);
          if (!resolution.ok) assert.ok(resolution.message.length > 0);
          for (const pool of resolution.ok ? resolution.target.pools : [])
            assert.ok(
              pool.usableBytes > 0 && pool.count >= 1 && Number.isSafeInteger(pool.usableBytes),
              text,
            );
        },
      ),
    );
  });
});

describe('ceilings of catalogue targets', () => {
  it('are of origin catalogue', () => {
    const [pool] = resolved('RTX 4090').pools;
    assert.deepEqual(pool?.ceilings.bytesPerSecond, { value: 1008e9, origin: 'catalogue' });
    assert.deepEqual(pool.ceilings.flops.fp16, { value: 165.2e12, origin: 'catalogue' });
    assert.equal(pool.ceilings.launchSeconds, noCeilings.launchSeconds);
  });
});
