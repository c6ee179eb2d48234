import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GiB, MiB } from '../units/bytes';
import { accelerators } from './catalogue.generated';
import { catalogueCeilings, catalogueEntry, matchDriverName } from './catalogue';
import { catalogueMemory } from './catalogueMemory';
import { displayName, shortName, stripName } from './catalogueNames';

function entry(id: string) {
  const found = catalogueEntry(id);
  assert.ok(found !== null, id);
  return found;
}

describe('the catalogue', () => {
  it('is what the tool writes from the table', async () => {
    await promisify(execFile)(process.execPath, ['tools/catalogue.mjs', '--check']);
  });

  it('has a source for every row and no rate below what it is made of', () => {
    for (const row of accelerators) {
      assert.ok(row.source !== '', row.id);
      const { fp16, bf16, fp8 } = row.tflops;
      if (fp16 !== undefined && bf16 !== undefined && fp8 !== undefined)
        assert.ok(fp8 >= Math.min(fp16, bf16), row.id);
    }
  });

  it('gives dense rates per device, halved for cards that show themselves as two', () => {
    assert.deepEqual(catalogueCeilings(entry('h100-sxm5-80gb')).flops.bf16, {
      value: 989.5e12,
      origin: 'catalogue',
    });
    assert.equal(catalogueCeilings(entry('mi250x')).bytesPerSecond?.value, 3277e9 / 2);
    assert.equal(catalogueCeilings(entry('rtx3060-laptop')).flops.fp16, undefined);
  });
});

describe('matchDriverName', () => {
  const cases: readonly (readonly [name: string, mib: number | null, id: string | null])[] = [
    ['NVIDIA H100 80GB HBM3', 81559, 'h100-sxm5-80gb'],
    ['NVIDIA H200', 143771, 'h200-sxm-141gb'],
    ['NVIDIA L40S', 46068, 'l40s'],
    ['NVIDIA GeForce RTX 4080 SUPER', 16376, 'rtx4080super'],
    ['NVIDIA GeForce RTX 2080 SUPER', 8192, 'rtx2080super'],
    ['NVIDIA GeForce RTX 4090', 24564, 'rtx4090'],
    ['NVIDIA GeForce RTX 4090 D', 24564, 'rtx4090d'],
    ['NVIDIA GeForce RTX 4090 Laptop GPU', 16376, 'rtx4090-laptop'],
    ['NVIDIA GeForce RTX 3080', 10240, 'rtx3080-10gb'],
    ['NVIDIA GeForce RTX 3080', 12288, 'rtx3080-12gb'],
    ['NVIDIA GeForce RTX 3080', null, null],
    ['NVIDIA GeForce RTX 3060', 8192, null],
    ['NVIDIA RTX A6000', 49140, 'rtx-a6000'],
    ['NVIDIA RTX 6000 Ada Generation', 49140, 'rtx-6000-ada'],
    ['Quadro RTX 6000', 24576, 'quadro-rtx-6000'],
    ['NVIDIA GB10', 124610, 'gb10'],
    ['Orin (nvgpu)', 62000, 'jetson-agx-orin-64gb'],
    ['Orin (nvgpu)', 7600, 'jetson-orin-nano-8gb'],
    ['NVIDIA A100-SXM4-40GB', 40536, 'a100-sxm4-40gb'],
    ['NVIDIA GH200 480GB', 97871, 'gh200-96gb'],
    ['NVIDIA A10G', 23028, 'a10g'],
    ['Tesla T4', 15360, 't4'],
    ['GRID A100-10C', 10240, null],
    ['Radeon RX 7900 XT', 20464, 'rx7900xt'],
    ['AMD Instinct MI210', 65520, 'mi210'],
  ];
  for (const [name, mib, id] of cases) {
    it(`reads "${name}" with ${mib === null ? 'unknown memory' : `${mib} MiB`} as ${id ?? 'nothing known'}`, () => {
      const found = matchDriverName(name, { totalBytes: mib === null ? null : mib * MiB });
      assert.equal(found?.id ?? null, id);
    });
  }

  it('tells bins of one Apple chip apart by GPU cores', () => {
    assert.equal(
      matchDriverName('Apple M3 Max', { gpuCores: 30, totalBytes: 36 * GiB })?.id,
      'apple-m3-max-30c',
    );
    assert.equal(
      matchDriverName('Apple M3 Max', { gpuCores: 40, totalBytes: 64 * GiB })?.id,
      'apple-m3-max-40c',
    );
  });

  it('does not look at another vendor', () => {
    assert.equal(matchDriverName('NVIDIA L4', { vendor: 'amd' }), null);
  });
});

describe('catalogueMemory', () => {
  it('takes what a driver was seen to report, the smallest of several', () => {
    assert.deepEqual(catalogueMemory(entry('t4'), 16), {
      totalBytes: 15109 * MiB,
      usableBytes: 15109 * MiB,
      usableOrigin: 'catalogue',
    });
    // 32480 MiB was seen on the card with 32 GB and says nothing about the one with 16.
    assert.equal(catalogueMemory(entry('v100-pcie'), 32)?.usableBytes, 32480 * MiB);
    assert.equal(catalogueMemory(entry('v100-pcie'), 16)?.usableBytes, 15.5 * GiB);
  });

  it('else leaves half a GiB to the driver, and says that this is assumed', () => {
    assert.deepEqual(catalogueMemory(entry('rtx4090'), 24), {
      totalBytes: 24 * GiB,
      usableBytes: 23.5 * GiB,
      usableOrigin: 'assumed',
    });
  });

  it('gives unified parts what their operating system leaves', () => {
    assert.equal(catalogueMemory(entry('gb10'), 128)?.usableBytes, 127_600_748 * 1024);
    assert.equal(catalogueMemory(entry('apple-m1'), 8)?.usableBytes, Math.floor(8 * GiB * 0.67));
    assert.equal(catalogueMemory(entry('apple-m2-ultra'), 192)?.usableBytes, 144 * GiB);
    assert.equal(catalogueMemory(entry('n1x'), null), null);
  });
});

describe('names of catalogue entries', () => {
  it('are short in a lens and full in an answer', () => {
    assert.equal(shortName(entry('rtx4090'), 24), 'RTX 4090');
    assert.equal(shortName(entry('rtx3060-12gb'), 12), 'RTX 3060');
    assert.equal(shortName(entry('rtx3080-10gb'), 10), 'RTX 3080 10GB');
    assert.equal(shortName(entry('h100-sxm5-80gb'), 80), 'H100 80GB');
    assert.equal(shortName(entry('a100-pcie-80gb'), 80), 'A100 PCIe 80GB');
    assert.equal(shortName(entry('apple-m3-max-40c'), 64), 'M3 Max 64GB');
    assert.equal(shortName(entry('rtx-6000-ada'), 48), 'RTX 6000 Ada');
    assert.equal(displayName(entry('rtx4060ti'), 8), 'NVIDIA GeForce RTX 4060 Ti 8GB');
    assert.equal(displayName(entry('apple-m3-max-30c'), 36), 'Apple M3 Max 30-Core GPU 36GB');
  });

  it('shorten what a driver prints', () => {
    assert.equal(stripName('NVIDIA A100-SXM4-80GB'), 'A100 80GB');
    assert.equal(stripName('NVIDIA H100 80GB HBM3'), 'H100 80GB');
    assert.equal(stripName('NVIDIA GeForce RTX 4090 Laptop GPU'), 'RTX 4090 Laptop');
  });
});
