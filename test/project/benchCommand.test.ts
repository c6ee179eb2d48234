import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchReport } from '../../src/core/bench/benchReport';

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

describe('rooflens bench, as it is shipped', function () {
  this.timeout(60_000);
  let cache = '';
  before(() => {
    execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'ignore' });
    cache = mkdtempSync(join(tmpdir(), 'rooflens-command-'));
  });
  after(() => rmSync(cache, { recursive: true, force: true }));

  function bench(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', 'bench', ...args], {
      encoding: 'utf8',
      env: { ...process.env, XDG_CACHE_HOME: cache, ...environment },
    });
    return { status, stdout, stderr, seconds: (performance.now() - start) / 1000 };
  }

  it('answers within 15 seconds with one line of JSON, and keeps the figures', () => {
    const { status, stdout, stderr, seconds } = bench(['--quick', '--force', '--json']);
    assert.equal(status, 0, stderr);
    assert.ok(seconds < 15, `${seconds} s`);
    assert.match(stdout, /^[^\n]+\n$/u);
    const report = JSON.parse(stdout) as BenchReport;
    assert.deepEqual(Object.keys(report), [
      'schema',
      'startedAt',
      'seconds',
      'quick',
      'results',
      'comparison',
      'warnings',
    ]);
    assert.deepEqual(
      report.results.map(({ device }) => device),
      ['cpu', 'gpu'],
    );
    const [cpu] = report.results;
    assert.ok(
      cpu?.tests.some(({ name, unit, value }) => name === 'gemm' && unit === 'FLOP/s' && value > 1e8),
    );
    assert.match(stderr, /cpu gemm, measuring/u);
    const stored = readFileSync(join(cache, 'rooflens', 'ceilings.json'), 'utf8');
    assert.ok(stored.includes('onnxruntime'));
  });

  it('labels a software adapter and compares nothing', function () {
    if (!existsSync(swiftShader)) this.skip();
    const environment = { VK_ICD_FILENAMES: swiftShader, VK_DRIVER_FILES: swiftShader };
    const { status, stdout } = bench(['--device', 'gpu', '--force', '--json'], environment);
    assert.equal(status, 0);
    const report = JSON.parse(stdout) as BenchReport;
    assert.equal(report.results[0]?.adapter.software, true);
    assert.equal(report.results[0].tests.length, 1);
    assert.deepEqual(report.comparison, []);
  });

  it('ends well when its process does not', () => {
    const { status, stdout, stderr } = bench(['--quick', '--device', 'cpu', '--force'], {
      ROOFLENS_BENCH_FAULT: 'load:SIGSEGV',
    });
    assert.equal(status, 0);
    assert.match(stderr, /^rooflens: the CPU benchmark's process was ended by SIGSEGV while loading/mu);
    assert.match(stdout, /not measured: gemm fp32, launch fp32, bandwidth fp32/u);
  });

  it('refuses bad usage in one line', () => {
    for (const args of [
      ['--device', 'tpu'],
      ['--threads', '0'],
      ['--threads', '1e9'],
    ]) {
      const { status, stdout, stderr } = bench(args);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /^rooflens: option [^\n]+\n$/u);
    }
  });
});
