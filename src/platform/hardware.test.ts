import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fakeTool, temporaryFolder } from '../../test/fakeTool';
import { fixturePath } from '../../test/fixtures';
import type { Device, HardwareReport, Probe } from '../core/hardware/device';
import { GiB, MiB } from '../core/units/bytes';
import { nvidiaFields } from '../core/hardware/parsers/nvidiaSmiQuery';
import { detectHardware } from './hardware';

const captures = fixturePath('hardware', 'nvidia');

/** A shell script that answers as the captured tool did. */
function captured(name: string, apps: string | null = null, mig: string | null = null): string {
  return `case "$*" in
  *--query-gpu=*) cat '${captures}/csv_nounits/${name}.csv' ;;
  *--query-compute-apps=*) ${apps === null ? 'true' : `cat '${captures}/compute_apps/${apps}.csv'`} ;;
  -L) ${mig === null ? 'true' : `cat '${captures}/list/${mig}_mig_L.txt'`} ;;
  -q) ${mig === null ? 'true' : `cat '${captures}/q/${mig}_mig_load_q.txt'`} ;;
esac`;
}

async function detectWith(script: string, variables: NodeJS.ProcessEnv = {}): Promise<HardwareReport> {
  const { environment } = fakeTool('nvidia-smi', script);
  return detectHardware({ environment: { ...environment, ...variables }, toolTimeoutMs: 1000 });
}

function probe(report: HardwareReport, name: string): Probe {
  const found = report.probes.find((line) => line.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

/** Devices that nvidia-smi told: a machine that runs this test may have others. */
function fromTool(report: HardwareReport): readonly Device[] {
  return report.machine.devices.filter(({ source }) => source === 'nvidia-smi');
}

/** The CPU's answer is there whatever else failed. */
function hasCpu(report: HardwareReport): void {
  const { machine } = report;
  assert.equal(report.schema, 1);
  assert.ok(machine.cpu.logicalCores >= 1 && machine.cpu.physicalCores >= 1 && machine.cpu.model !== '');
  assert.ok(machine.memory.totalBytes > 0 && machine.memory.availableBytes > 0);
  assert.ok(machine.memory.availableBytes <= machine.memory.totalBytes);
}

/** The same report without what differs from run to run. */
function withoutTimes(report: HardwareReport): unknown {
  return { ...report, probes: report.probes.map((line) => ({ ...line, milliseconds: 0 })) };
}

describe('detectHardware', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  it('answers for the CPU where there is no GPU, and lists every probe', async () => {
    const report = await detectHardware({ environment: { PATH: temporaryFolder() } });
    hasCpu(report);
    for (const name of [
      'system',
      'meminfo',
      'cgroup',
      'cpuinfo',
      'nvidia-smi',
      'pci',
      'amdgpu sysfs',
      'slurm',
    ])
      assert.ok(probe(report, name).milliseconds >= 0);
    for (const line of report.probes) assert.ok(line.outcome === 'ok' || line.detail !== '', line.name);
  });

  const failures: readonly (readonly [what: string, script: string, outcome: string, detail: RegExp])[] = [
    ['hangs', 'sleep 600', 'timeout', /no answer within 1 s/u],
    ['prints rubbish', 'head -c 5000 /dev/urandom', 'unreadable', /no line is a GPU/u],
    ['prints nothing', 'true', 'unreadable', /no output/u],
    ['prints a page of HTML', 'echo "<html><body>404</body></html>"', 'unreadable', /<html>/u],
    [
      'finds no driver',
      `echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."; exit 9`,
      'failed',
      /driver is not loaded/u,
    ],
    ['exits with 9 and no word', 'exit 9', 'failed', /exit code 9/u],
    ['crashes', 'kill -SEGV $$', 'failed', /exit code none/u],
    ['finds no device', 'echo "No devices were found"; exit 6', 'failed', /no NVIDIA device/u],
    [
      'has another version than its driver',
      'echo "Failed to initialize NVML: Driver/library version mismatch" >&2; exit 18',
      'failed',
      /different versions/u,
    ],
    [
      'refuses every field',
      'echo "Field \\"index\\" is not a valid field to query."; exit 2',
      'failed',
      /exit code 2/u,
    ],
    ['prints without end', 'exec yes "0, GPU-1, NVIDIA"', 'unreadable', /without end/u],
  ];
  for (const [what, script, outcome, detail] of failures) {
    it(`answers for the CPU when nvidia-smi ${what}`, async function () {
      this.timeout(15_000);
      const started = performance.now();
      const report = await detectWith(script);
      assert.ok(performance.now() - started < 10_000);
      hasCpu(report);
      assert.deepEqual(fromTool(report), []);
      const line = probe(report, 'nvidia-smi');
      assert.equal(line.outcome, outcome, line.detail);
      assert.match(line.detail, detail);
      // One line, without anything that a terminal would obey.
      assert.doesNotMatch(line.detail, /[\p{Cc}]/u);
    });
  }

  it('drops the fields that an old driver refuses, one by one', async () => {
    const row = new Map<string, string>([
      ['index', '0'],
      ['uuid', 'GPU-1'],
      ['name', 'Tesla V100-PCIE-32GB'],
      ['pci.bus_id', '00000000:3B:00.0'],
      ['driver_version', '470.57.02'],
      ['memory.total', '32510'],
      ['memory.used', '0'],
      ['memory.free', '32510'],
    ]);
    const refused = ['compute_cap', 'memory.reserved', 'addressing_mode'];
    const left = nvidiaFields.filter((field) => !refused.includes(field));
    const script = `case "$*" in
      ${refused.map((field) => `*--query-gpu=*${field}*) echo 'Field "${field}" is not a valid field to query.'; exit 2 ;;`).join('\n')}
      *--query-gpu=*) echo "${left.map((field) => row.get(field) ?? '[N/A]').join(', ')}" ;;
    esac`;
    const report = await detectWith(script);
    const [device] = report.machine.devices;
    assert.equal(device?.catalogueId, 'v100-pcie');
    assert.equal(device.usableBytes, 32510 * MiB);
    // The driver does not say it, the catalogue does.
    assert.equal(device.computeCapability, '7.0');
    assert.match(
      probe(report, 'nvidia-smi').detail,
      /this driver has no memory\.reserved, compute_cap, addressing_mode|this driver has no compute_cap/u,
    );
  });

  it('asks for the basic fields alone when too many are refused', async () => {
    const refused = nvidiaFields
      .slice(5)
      .filter((field) => !field.startsWith('memory.') || field === 'memory.reserved');
    const script = `case "$*" in
      ${refused.map((field) => `*--query-gpu=*${field}*) echo 'Field "${field}" is not a valid field to query.'; exit 2 ;;`).join('\n')}
      *--query-gpu=*) echo "0, GPU-1, Tesla K80, 00000000:00:04.0, 390.1, 11441, 0, 11441" ;;
    esac`;
    const [device] = (await detectWith(script)).machine.devices;
    assert.equal(device?.name, 'Tesla K80');
    assert.equal(device.totalBytes, 11441 * MiB);
  });

  it('reads a GPU under load with what holds its memory', async () => {
    const report = await detectWith(captured('linux_rtx4080super_595_load', 'linux_rtx4080super_load'));
    const [device, ...others] = report.machine.devices;
    assert.ok(device !== undefined && others.length === 0);
    assert.equal(device.catalogueId, 'rtx4080super');
    assert.deepEqual(
      [device.totalBytes, device.usableBytes, device.freeBytes],
      [16376 * MiB, (16376 - 434) * MiB, 14470 * MiB],
    );
    assert.deepEqual([device.kind, device.origin, device.source], ['discrete', 'reported', 'nvidia-smi']);
    assert.deepEqual(device.ceilings.bytesPerSecond, { value: 736e9, origin: 'catalogue' });
    assert.deepEqual(device.ceilings.linkBytesPerSecond, { value: 16 * 1.969e9, origin: 'formula' });
    assert.deepEqual(
      device.processes.map(({ pid, bytes }) => [pid, bytes]),
      [
        [2165, 25 * MiB],
        [5022, 503 * MiB],
        [5021, 360 * MiB],
      ],
    );
  });

  it('lists MIG instances in place of the GPU that is split', async () => {
    const { machine } = await detectWith(captured('linux_h100_mig_590_load', 'h100_mig_load', 'h100'));
    assert.deepEqual(
      machine.devices.map(({ name, kind, usableBytes }) => [name, kind, usableBytes]),
      [
        ['NVIDIA H100 80GB HBM3 MIG 3g.40gb', 'mig', 40448 * MiB],
        ['NVIDIA H100 80GB HBM3 MIG 2g.20gb', 'mig', 20096 * MiB],
        ['NVIDIA H100 80GB HBM3 MIG 1g.10gb', 'mig', 9984 * MiB],
        ['NVIDIA H100 80GB HBM3 MIG 1g.10gb', 'mig', 9984 * MiB],
      ],
    );
    const [first] = machine.devices;
    assert.equal(first?.catalogueId, 'h100-sxm5-80gb');
    assert.equal(first.ceilings.flops.bf16?.value, (989.5e12 * 3) / 7);
    assert.equal(Math.round((first.ceilings.bytesPerSecond?.value ?? 0) / 1e9), 1661);
  });

  it('does not use a split GPU whose instances it may not list', async () => {
    const [device] = (await detectWith(captured('linux_h100_mig_590_load'))).machine.devices;
    assert.equal(device?.usableBytes, null);
    assert.equal(device.totalBytes, 81559 * MiB);
  });

  it('gives a unified part the memory of the host', async () => {
    const report = await detectWith(
      `case "$*" in *--query-gpu=*) echo "0, GPU-1, NVIDIA GB10, 0000000F:01:00.0, 580.173.02, 12.1, [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], ATS, 3003, [N/A], 5, 16, [N/A], 0" ;; esac`,
    );
    const [device] = report.machine.devices;
    assert.deepEqual([device?.kind, device?.catalogueId], ['unified', 'gb10']);
    const { totalBytes, limitBytes } = report.machine.memory;
    assert.equal(device?.totalBytes, Math.min(totalBytes, limitBytes ?? Infinity));
    assert.ok((device.freeBytes ?? 0) > 0);
  });

  it('marks what CUDA_VISIBLE_DEVICES hides, and says so', async () => {
    const report = await detectWith(captured('linux_l40s_595_load'), { CUDA_VISIBLE_DEVICES: '' });
    assert.equal(report.machine.devices[0]?.visible, false);
    assert.match(probe(report, 'visibility variables').detail, /CUDA_VISIBLE_DEVICES=/u);
  });

  it('takes the path that the user sets, and no other', async () => {
    const { path } = fakeTool('my-smi', captured('linux_l40s_595_load'));
    const report = await detectHardware({
      environment: { PATH: '/usr/bin:/bin' },
      toolPaths: { 'nvidia-smi': path },
    });
    assert.equal(report.machine.devices[0]?.catalogueId, 'l40s');
    const { environment } = fakeTool('nvidia-smi', captured('linux_l40s_595_load'));
    const without = await detectHardware({ environment, toolPaths: { 'nvidia-smi': '/no/such/tool' } });
    assert.deepEqual(fromTool(without), []);
  });

  it('is a login node where Slurm has commands, no job and no GPU', async function () {
    const { environment } = fakeTool('sinfo', 'touch /must-not-run');
    const bare = await detectHardware({ environment });
    if (bare.machine.devices.length > 0) this.skip();
    assert.equal(bare.machine.os.loginNode, true);
    const inJob = await detectHardware({ environment: { ...environment, SLURM_JOB_ID: '7' } });
    assert.equal(inJob.machine.os.loginNode, false);
  });

  it('stops when it is told to', async () => {
    const { environment } = fakeTool('nvidia-smi', 'sleep 600');
    const controller = new AbortController();
    const detection = detectHardware({ environment, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('cancelled')), 200);
    const started = performance.now();
    await assert.rejects(detection, /cancelled/u);
    assert.ok(performance.now() - started < 3000);
  });

  it('answers from a recording as it did from the machine', async () => {
    const { environment } = fakeTool(
      'nvidia-smi',
      captured('linux_h100_mig_590_load', 'h100_mig_load', 'h100'),
    );
    const record = join(temporaryFolder(), 'new', 'folder');
    const live = await detectHardware({ environment, record });
    const replayed = await detectHardware({ from: record, environment: { PATH: '' } });
    assert.deepEqual(withoutTimes(replayed), withoutTimes(live));
    const manifest = JSON.parse(readFileSync(join(record, 'manifest.json'), 'utf8')) as Record<
      string,
      unknown
    >[];
    for (const entry of manifest) {
      assert.ok('probe' in entry && 'exit' in entry && 'stdoutFile' in entry && 'stderrFile' in entry);
      assert.ok('argv' in entry !== 'path' in entry);
    }
    assert.ok(manifest.some(({ path }) => path === '/proc/meminfo'));
    assert.ok(manifest.some(({ argv }) => Array.isArray(argv) && argv.includes('-L')));
  });

  it('masks what identifies a machine, in the answer and in the recording', async () => {
    const uuid = '8932f937-d72c-4106-c12f-20bd9faed9f6';
    const { environment } = fakeTool(
      'nvidia-smi',
      `case "$*" in
        *--query-gpu=*) echo "0, GPU-${uuid}, NVIDIA L40S, 00000000:01:00.0, 595.80, 8.9, 46068, 609, 1235, 44225, [N/A], Enabled, HMM, 2520, 9001, 4, 16, 350.00, 9" ;;
        *--query-compute-apps=*) echo "GPU-${uuid}, 77, 1200, /home/eve/run.py" ;;
      esac`,
    );
    const record = temporaryFolder();
    const report = await detectHardware({ environment: { ...environment, USER: 'eve' }, record, mask: true });
    const everything = [
      JSON.stringify(report),
      ...readdirSync(record).map((name) => readFileSync(join(record, name), 'utf8')),
    ].join('\n');
    assert.ok(!everything.includes(uuid));
    assert.doesNotMatch(everything, /\beve\b/u);
    assert.equal(report.machine.devices[0]?.processes[0]?.name, '/home/user/run.py');
    const replayed = await detectHardware({ from: record, mask: true });
    assert.deepEqual(withoutTimes(replayed), withoutTimes(report));
  });

  it('answers from a recording that holds one tool alone', async () => {
    const folder = temporaryFolder();
    const text = readFileSync(join(captures, 'csv_nounits', 'linux_h200_590_load.csv'), 'utf8');
    writeFileSync(join(folder, 'out.txt'), text);
    writeFileSync(
      join(folder, 'manifest.json'),
      JSON.stringify([
        {
          probe: 'nvidia-smi',
          argv: ['nvidia-smi', `--query-gpu=${nvidiaFields.join(',')}`, '--format=csv,noheader,nounits'],
          exit: 0,
          stdoutFile: 'out.txt',
          stderrFile: null,
        },
      ]),
    );
    const report = await detectHardware({ from: folder });
    const [device] = report.machine.devices;
    assert.equal(device?.catalogueId, 'h200-sxm-141gb');
    assert.equal(Math.round((device.usableBytes ?? 0) / GiB), 140);
  });
});
