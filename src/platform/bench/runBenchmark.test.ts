import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchStages } from '../../protocol/bench';
import { noCeilings, type Machine } from '../../core/hardware/device';
import { tryLock } from './machineLock';
import { measuredMachine } from './measuredMachine';
import { BenchRefused, runBenchmark, type BenchOptions, type BenchProgress } from './runBenchmark';

/** Compiled: out/src/platform/bench, beside out/test and out/src/worker. */
const fakeWorker = join(__dirname, '../../../test/support/fakeBenchWorker.js');
const realWorker = join(__dirname, '../../worker/main.js');
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

function machine(change: { loginNode?: boolean; busy?: boolean } = {}): Machine {
  return {
    os: {
      platform: 'linux',
      release: '',
      container: false,
      wsl: false,
      loginNode: change.loginNode ?? false,
    },
    cpu: {
      model: 'A processor',
      physicalCores: 1,
      logicalCores: 2,
      isa: [],
      quotaCores: null,
      ceilings: noCeilings,
    },
    memory: {
      totalBytes: 4e9,
      availableBytes: 3e9,
      limitBytes: null,
      ratedBytesPerSecond: null,
      origin: 'reported',
    },
    devices: [
      {
        id: 'GPU-1',
        index: 0,
        vendor: 'nvidia',
        name: 'NVIDIA L4',
        catalogueId: null,
        kind: 'discrete',
        totalBytes: null,
        usableBytes: null,
        freeBytes: null,
        computeCapability: null,
        driver: null,
        visible: true,
        processes: change.busy === true ? [{ pid: 1, name: 'python', bytes: null }] : [],
        ceilings: noCeilings,
        origin: 'reported',
        source: 'nvidia-smi',
      },
    ],
  };
}

describe('runBenchmark', function () {
  // Every case starts processes, on whatever machine this is.
  this.timeout(30_000);
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rooflens-bench-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function options(fault: string, change: Partial<BenchOptions> = {}): BenchOptions {
    return {
      quick: true,
      device: 'all',
      workerPath: fakeWorker,
      environment: { ...process.env, ROOFLENS_BENCH_FAULT: fault },
      machine: machine(),
      lockPath: join(folder, 'lock'),
      ...change,
    };
  }

  it('runs one process per device and puts their results together', async () => {
    const progress: BenchProgress[] = [];
    const report = await runBenchmark(options('', { threads: 2, onProgress: (one) => progress.push(one) }));
    assert.equal(report.schema, 1);
    assert.ok(!Number.isNaN(Date.parse(report.startedAt)));
    assert.ok(report.seconds > 0 && report.seconds < 10);
    assert.deepEqual(
      report.results.map(({ device, tests }) => [device, tests[0]?.value]),
      [
        ['cpu', 2],
        ['gpu', 2],
      ],
    );
    assert.equal(report.results[0]?.adapter.name, 'A processor');
    assert.deepEqual(report.comparison, [{ test: 'gemm', type: 'fp32', gpuOverCpu: 1 }]);
    const fractions = progress.map(({ fraction }) => fraction);
    assert.deepEqual(
      fractions,
      [...fractions].sort((a, b) => a - b),
    );
    assert.equal(fractions.at(-1), 1);
    assert.deepEqual([...new Set(progress.map(({ stage }) => stage))], [...benchStages]);
    assert.deepEqual(await readdir(folder), []);
  });

  it('uses the physical cores of the machine unless told otherwise', async () => {
    const report = await runBenchmark(options('', { device: 'cpu' }));
    assert.equal(report.results.length, 1);
    assert.equal(report.results[0]?.tests[0]?.threads, 1);
  });

  for (const stage of benchStages)
    for (const action of ['SIGKILL', 'SIGSEGV', 'exit'])
      it(`says in one sentence that the process ended by ${action} at ${stage}, and keeps the other device`, async () => {
        const report = await runBenchmark(options(`gpu/${stage}:${action}`));
        const [cpu, gpu] = report.results;
        assert.equal(cpu?.tests.length, 1);
        // What it had measured before it ended is kept, and the rest has the reason.
        assert.equal(gpu?.tests.length, stage === 'reporting' ? 1 : 0);
        const [warning = '', ...more] = report.warnings.filter((text) => !text.startsWith('other work'));
        assert.deepEqual(more, []);
        assert.match(
          warning,
          action === 'exit' ? /ended by code 3 while/u : new RegExp(`ended by ${action} while`, 'u'),
        );
        assert.ok(!warning.includes('\n'));
        assert.equal(gpu.skipped[0]?.reason, warning);
        // What the process told before it ended is kept.
        assert.equal(gpu.adapter.name, benchStages.indexOf(stage) > 1 ? 'A fake GPU' : null);
        assert.equal(report.comparison.length, gpu.tests.length);
        assert.deepEqual(await readdir(folder), []);
      });

  it('reports a process that dies before it knows its job', async () => {
    const report = await runBenchmark(options('spawn:SIGKILL', { device: 'cpu' }));
    assert.match(report.warnings.at(-1) ?? '', /ended by SIGKILL while starting/u);
  });

  it('kills a process that hangs at its deadline', async () => {
    for (const stage of ['spawn', 'measuring']) {
      const report = await runBenchmark(options(`${stage}:hang`, { device: 'cpu', deadlineSeconds: 1 }));
      assert.match(report.warnings.at(-1) ?? '', /gave no answer within 1 s/u);
      assert.ok(report.seconds < 3);
    }
  });

  it('does not believe what is no result', async () => {
    const report = await runBenchmark(options('cpu/measuring:garbage'));
    assert.match(report.warnings.at(-1) ?? '', /something that is no result/u);
    assert.equal(report.results[1]?.tests.length, 1);
  });

  it('reports a program that is missing or broken', async () => {
    const missing = await runBenchmark(options('', { device: 'cpu', workerPath: join(folder, 'none.js') }));
    assert.match(missing.warnings.at(-1) ?? '', /ended by code 1 while starting/u);
    const broken = join(folder, 'broken.js');
    await writeFile(broken, 'process.send({ type: "failed", reason: "no library\\nstack" });');
    const failed = await runBenchmark(options('', { device: 'cpu', workerPath: broken }));
    assert.match(failed.warnings.at(-1) ?? '', /failed while starting: no library$/u);
  });

  it('kills the process and rejects when it is cancelled, at whatever stage', async () => {
    for (const stage of benchStages) {
      const abort = new AbortController();
      const run = runBenchmark(
        options(`${stage}:hang`, {
          device: 'cpu',
          signal: abort.signal,
          environment: { ...process.env, ROOFLENS_BENCH_FAULT: `${stage}:hang` },
          onProgress: (progress) => {
            if (progress.stage === stage) setTimeout(() => abort.abort(), 20);
          },
        }),
      );
      await assert.rejects(run, { name: 'AbortError' });
      assert.deepEqual(await readdir(folder), []);
    }
    await assert.rejects(runBenchmark(options('', { signal: AbortSignal.abort() })), { name: 'AbortError' });
    if (process.platform !== 'linux') return;
    const processes = execFileSync('ps', ['axo', 'ppid,args'], { encoding: 'utf8' });
    const left = processes
      .split('\n')
      .filter((line) => line.includes('fakeBenchWorker') && line.trim().startsWith(`${process.pid} `));
    assert.deepEqual(left, []);
  });

  it('refuses a login node, a device in use and a second benchmark, unless it is forced', async () => {
    const login = options('', { machine: machine({ loginNode: true }) });
    await assert.rejects(runBenchmark(login), (error) => {
      assert.ok(error instanceof BenchRefused);
      assert.match(error.message, /login node/u);
      return true;
    });
    assert.equal((await runBenchmark({ ...login, force: true })).results.length, 2);

    const busy = options('', { machine: machine({ busy: true }) });
    await assert.rejects(
      runBenchmark({ ...busy, device: 'gpu' }),
      /NVIDIA L4 is in use by python \(process 1\)/u,
    );
    const both = await runBenchmark(busy);
    assert.equal(both.results[0]?.tests.length, 1);
    assert.match(both.results[1]?.skipped[0]?.reason ?? '', /in use by python/u);
    const forced = await runBenchmark({ ...busy, device: 'gpu', force: true });
    assert.equal(forced.results[0]?.tests.length, 1);

    const held = await tryLock(join(folder, 'lock'));
    await assert.rejects(runBenchmark(options('')), /another benchmark is running/u);
    await held.release?.();
  });

  describe('with PyTorch', () => {
    const answer = JSON.stringify({
      device: 'torch',
      engine: 'torch 2.9 cuda 12.8',
      adapter: { name: 'NVIDIA L4', software: false },
      tests: [],
      skipped: [],
    });

    /** An interpreter that checks how it is called and does what the text says. */
    async function python(body: string): Promise<string> {
      const path = join(folder, 'python');
      await writeFile(path, `#!/bin/sh\n[ "$1" = -I ] || exit 9\n${body}\n`, { mode: 0o755 });
      return path;
    }

    function torch(change: Partial<BenchOptions>): BenchOptions {
      return options('', { device: 'torch', torchScript: 'script.py', ...change });
    }

    it('takes what the interpreter prints, once it is checked', async () => {
      const report = await runBenchmark(torch({ python: await python(`echo '${answer}'`) }));
      assert.deepEqual(report.results, [JSON.parse(answer)]);
      assert.deepEqual(
        report.warnings.filter((text) => text.includes('PyTorch')),
        [],
      );
    });

    it('says what is missing or went wrong in one sentence', async () => {
      const none = await runBenchmark(torch({}));
      assert.match(none.results[0]?.skipped[0]?.reason ?? '', /no Python with PyTorch was named/u);
      for (const [body, expected] of [
        ['echo rubbish', /printed something that is no result/u],
        [`echo '${answer.replace('torch', 'cpu')}'`, /printed something that is no result/u],
        ['exit 4', /ended by code 4/u],
        ['kill -SEGV $$', /ended by SIGSEGV/u],
      ] as const) {
        const { warnings } = await runBenchmark(torch({ python: await python(body) }));
        assert.match(warnings.at(-1) ?? '', expected);
      }
      const missing = await runBenchmark(torch({ python: join(folder, 'nothing') }));
      assert.match(missing.warnings.at(-1) ?? '', /no program that can be run/u);
    });

    it('kills an interpreter that hangs, and one that is cancelled', async () => {
      const hanging = await python('exec sleep 60');
      const late = await runBenchmark(torch({ python: hanging, deadlineSeconds: 1 }));
      assert.match(late.warnings.at(-1) ?? '', /gave no answer within 1 s/u);
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 400);
      await assert.rejects(runBenchmark(torch({ python: hanging, signal: abort.signal })), {
        name: 'AbortError',
      });
    });

    it('runs the shipped script where a Python is, PyTorch or not', async function () {
      if (spawnSync('python3', ['--version']).status !== 0) this.skip();
      const script = join(process.cwd(), 'media', 'torchBenchmark.py');
      const { results, warnings } = await runBenchmark(
        torch({ python: 'python3', torchScript: script, quick: true, force: true }),
      );
      assert.deepEqual(warnings, []);
      assert.equal(results[0]?.device, 'torch');
      assert.ok(results[0].tests.length + results[0].skipped.length >= 5);
    });
  });

  it('keeps what was measured, and says when it cannot', async () => {
    const ceilingsFolder = join(folder, 'cache');
    await runBenchmark(options('', { ceilingsFolder }));
    const stored = await measuredMachine(machine(), ceilingsFolder);
    assert.deepEqual(stored.cpu.ceilings.flops.fp32, { value: 1, origin: 'measured' });
    await writeFile(join(folder, 'file'), '');
    const report = await runBenchmark(options('', { ceilingsFolder: join(folder, 'file', 'cache') }));
    assert.match(report.warnings.at(-1) ?? '', /could not be kept in .*cache \(ENOTDIR\)/u);
    assert.equal(report.results.length, 2);
  });

  it('measures this CPU, whatever becomes of the GPU', async () => {
    const report = await runBenchmark(options('gpu/load:SIGSEGV', { workerPath: realWorker, machine: null }));
    const [cpu, gpu] = report.results;
    assert.match(cpu?.engine ?? '', /^onnxruntime \d+\.\d+\.\d+ cpu$/u);
    const product = cpu?.tests.find(({ name }) => name === 'gemm');
    assert.ok(product !== undefined && product.value > 1e8 && product.value < 1e14);
    assert.ok(product.low <= product.value && product.value <= product.high && product.samples >= 5);
    assert.match(gpu?.skipped[0]?.reason ?? '', /ended by SIGSEGV while loading/u);
    assert.ok(report.seconds < 15);
  });

  it('proves the WebGPU path on a software adapter and labels it', async function () {
    if (!existsSync(swiftShader)) {
      this.skip();
    }
    const environment = { ...process.env, VK_ICD_FILENAMES: swiftShader, VK_DRIVER_FILES: swiftShader };
    const report = await runBenchmark(
      options('', { quick: false, device: 'gpu', workerPath: realWorker, machine: null, environment }),
    );
    const [gpu] = report.results;
    assert.equal(gpu?.adapter.software, true);
    assert.match(gpu.adapter.name ?? '', /SwiftShader/u);
    assert.deepEqual(
      gpu.tests.map(({ name, shape }) => [name, ...shape]),
      [['gemm', 64, 64, 64]],
    );
    assert.ok((gpu.tests[0]?.valueDifference ?? 1) < 1e-3);
    assert.deepEqual(gpu.skipped.map(({ name }) => name).sort(), ['bandwidth', 'launch']);
    assert.deepEqual(report.comparison, []);
  });

  it('answers where there is no GPU at all', async function () {
    const nowhere = join(folder, 'none.json');
    const environment = { ...process.env, VK_ICD_FILENAMES: nowhere, VK_DRIVER_FILES: nowhere };
    if (process.platform !== 'linux') this.skip();
    const report = await runBenchmark(
      options('', { device: 'gpu', workerPath: realWorker, machine: null, environment }),
    );
    const [gpu] = report.results;
    assert.deepEqual(gpu?.adapter, { name: null, software: false });
    assert.match(gpu.skipped[0]?.reason ?? '', /no GPU can be used through WebGPU/u);
    assert.deepEqual(report.warnings, []);

    const container = { ...machine(), os: { ...machine().os, container: true } };
    const hidden = await runBenchmark(
      options('', { device: 'gpu', workerPath: realWorker, machine: container, environment }),
    );
    assert.match(hidden.warnings[0] ?? '', /^NVIDIA L4 could not be measured .*CAPABILITIES.*--python PATH/u);
  });
});
