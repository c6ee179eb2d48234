// Holds the CPU benchmark against OpenBLAS and a STREAM triad: node tools/bench/compare.mjs [--rounds 7] [--threads N]
// Needs gcc and libopenblas (Debian: apt install gcc libopenblas0-pthread), and the bundles (npm run build).
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, threads: { type: 'string' } },
});
const rounds = Number(values.rounds);
const threads = Number(values.threads ?? availableParallelism());
if (!(Number.isInteger(rounds) && rounds >= 7)) fail('--rounds must be a whole number of at least 7');
if (!(Number.isInteger(threads) && threads >= 1)) fail('--threads must be a whole number of at least 1');

/** Kernels that OpenBLAS may be told to use. It picks an old one on processors that it does not know; the best is the yardstick. */
const coreTypes =
  process.arch === 'x64'
    ? ['', 'Haswell', 'Zen', 'SkylakeX', 'Cooperlake', 'SapphireRapids']
    : ['', 'ARMV8', 'NEOVERSEN1', 'NEOVERSEV1'];
/** What must hold, as a ratio of medians. */
const bounds = { gemm: [0.9, Infinity], bandwidth: [0.85, 1.15] };

const here = dirname(fileURLToPath(import.meta.url));
const cli = join(here, '..', '..', 'dist', 'cli.js');
if (!existsSync(cli)) fail('dist/cli.js is missing: npm run build');
const folder = mkdtempSync(join(tmpdir(), 'rooflens-compare-'));
try {
  process.exitCode = compare() ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function compare() {
  const triad = build('triad', ['-fopenmp']);
  const gemm = build('gemm', [openblas()]);
  const first = ours();
  const size = shapeOf(first, 'gemm')[0];
  // Each round's triad runs on arrays of the size that the benchmark chose in that round.
  let elements = shapeOf(first, 'bandwidth')[0];
  const coreType = bestCoreType(gemm, size);
  const load = loadavg()[0].toFixed(1);
  console.log(`${threads} threads, load ${load}, OpenBLAS kernel: ${coreType || 'its own choice'}`);
  console.log(`GEMM float32 ${size} x ${size} x ${size}`);

  const rows = { gemm: [], openblas: [], bandwidth: [], triad: [] };
  for (let round = 1; round <= rounds; round++) {
    // The reference before and after ours in turn, so that a drift of the machine favours neither.
    const reference = () => {
      rows.openblas.push(blas(gemm, size, coreType));
      rows.triad.push(run(triad, [String(elements * 4), '15'], { OMP_NUM_THREADS: String(threads) }));
    };
    if (round % 2 === 0) reference();
    const report = ours();
    rows.gemm.push(testOf(report, 'gemm').value);
    rows.bandwidth.push(testOf(report, 'bandwidth').value);
    elements = shapeOf(report, 'bandwidth')[0];
    if (round % 2 === 1) reference();
    const last = Object.entries(rows).map(([name, all]) => `${name} ${giga(all.at(-1))}`);
    console.log(`round ${round}: ${last.join('  ')}  (${(elements * 4) / 2 ** 20} MiB)`);
  }
  return [
    verdict('gemm', 'GEMM float32 / OpenBLAS', rows.gemm, rows.openblas),
    verdict('bandwidth', 'bandwidth / STREAM triad', rows.bandwidth, rows.triad),
  ].every(Boolean);
}

function verdict(name, title, own, reference) {
  const [low, high] = bounds[name];
  const [a, b] = [median(own), median(reference)];
  const ratio = a / b;
  const held = ratio >= low && ratio <= high;
  const wanted = high === Infinity ? `at least ${low}` : `${low} to ${high}`;
  console.log(
    `${title}: ${ratio.toFixed(3)} (medians ${giga(a)} and ${giga(b)} G/s; wanted ${wanted}) ${held ? 'holds' : 'DOES NOT HOLD'}`,
  );
  return held;
}

function ours() {
  const args = [
    cli,
    'bench',
    '--quick',
    '--device',
    'cpu',
    '--threads',
    String(threads),
    '--force',
    '--json',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) fail(stderr.trim().split('\n').at(-1));
  return JSON.parse(stdout).results[0];
}

function testOf(result, name) {
  const test = result.tests.find((one) => one.name === name);
  if (test === undefined) {
    const why = result.skipped.find((one) => one.name === name)?.reason;
    fail(`${name} was not measured: ${why}`);
  }
  return test;
}

function shapeOf(result, name) {
  return testOf(result, name).shape;
}

function bestCoreType(gemm, size) {
  const speeds = coreTypes.map((type) => [median([1, 2, 3].map(() => blas(gemm, size, type))), type]);
  return speeds.sort(([a], [b]) => b - a)[0][1];
}

function blas(gemm, size, coreType) {
  const environment = { OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
  if (coreType !== '') environment.OPENBLAS_CORETYPE = coreType;
  return run(gemm, [String(size), '30'], environment);
}

function run(program, args, environment) {
  const options = {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...environment },
  };
  return Number(execFileSync(program, args, options));
}

function build(name, more) {
  const program = join(folder, name);
  const args = ['-O3', '-march=native', '-o', program, join(here, `${name}.c`), ...more, '-lm'];
  const { status, stderr, error } = spawnSync('gcc', args, { encoding: 'utf8' });
  if (error !== undefined) fail('gcc is missing: apt install gcc');
  if (status !== 0) fail(`gcc refused ${name}.c: ${stderr}`);
  return program;
}

function openblas() {
  const { stdout } = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' });
  const path = /libopenblas\.so(?:\.0)?\s.*=> (\S+)/u.exec(stdout ?? '')?.[1];
  return path ?? fail('OpenBLAS is missing: apt install libopenblas0-pthread');
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function giga(value) {
  return (value / 1e9).toFixed(1);
}

function fail(message) {
  console.error(`compare: ${message}`);
  process.exit(2);
}
