// Compares the core's answers with published measurements: prints a table and writes docs/accuracy.md.
// The rows lie beside a checkout (../shared/groundtruth, or under ROOFLENS_SHARED); they judge the mechanisms and are fitted by none.
import { parse } from 'csv-parse/sync';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { compile } from './compile.mjs';
import * as trainingMemory from './accuracy/trainingMemory.mjs';
import * as inferenceMemory from './accuracy/inferenceMemory.mjs';
import * as decodeSpeed from './accuracy/decodeSpeed.mjs';
import * as prefillSpeed from './accuracy/prefillSpeed.mjs';
import * as trainingSpeed from './accuracy/trainingSpeed.mjs';
import { peerRows, peersPage } from './accuracy/peers.mjs';

const require = createRequire(import.meta.url);
const out = join('out', 'accuracy');
const verbose = process.argv.includes('--verbose');
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);

const tables = [
  { name: 'training memory', file: 'training_memory.csv', reader: trainingMemory, unit: 'GiB' },
  { name: 'inference memory', file: 'inference_memory.csv', reader: inferenceMemory, unit: 'GiB' },
  { name: 'decode speed', file: 'decode_speed.csv', reader: decodeSpeed, unit: 'tok/s' },
  { name: 'prefill speed', file: 'prefill_speed.csv', reader: prefillSpeed, unit: 'tok/s' },
  { name: 'training speed', file: 'training_speed.csv', reader: trainingSpeed, unit: 'tok/s' },
];

const folder = join(process.env.ROOFLENS_SHARED ?? resolve('..', 'shared'), 'groundtruth');
if (!existsSync(folder)) {
  console.error(`accuracy: the measured rows are not here (${folder}); ROOFLENS_SHARED says where they are.`);
  process.exit(2);
}

await compile(out);
const load = (path) => require(resolve(out, 'src', 'core', path));
const core = {
  ...load('estimate/estimateMemory.js'),
  ...load('speed/estimateSpeed.js'),
  ...load('job/completeJob.js'),
  ...load('job/knownModels.js'),
  ...load('model/blueprintFromConfig.js'),
  ...load('model/parameters.js'),
  ...load('model/quantisation/weightBytes.js'),
  ...load('hardware/resolveTarget.js'),
  devicePools: load('hardware/target.js').devicePools,
};

const summary = [];
for (const table of tables) {
  if (only !== undefined && !table.name.startsWith(only)) continue;
  const rows = parse(readFileSync(join(folder, table.file), 'utf8'), {
    columns: true,
    skip_empty_lines: true,
  });
  const results = [];
  const skipped = new Map();
  for (const row of rows) {
    for (const read of [table.reader.readRow(core, row)].flat()) {
      const reason = read.skip ?? judged(read, results);
      if (reason !== null) skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
    }
  }
  print(table, results, skipped);
  summary.push({ table, results, skipped, all: rows.length });
}
if (only === undefined)
  writeFileSync('docs/accuracy.md', [...page(summary), ...peersPage(peerRows(core)), ''].join('\n'));

/** Estimates a row and keeps the result; a sentence where there is no figure. */
function judged(read, results) {
  if (read.target === null) return 'the device is not in the catalogue';
  const missing = read.models.find((model) => !model.outcome.ok);
  if (missing !== undefined) return missing.outcome.reason;
  const estimate = core.estimateMemory(read);
  if (estimate.unknown !== null) return estimate.unknown;
  const speed = core.estimateSpeed({ ...read, memory: estimate });
  const figure = read.figure(estimate, speed, read);
  if (figure === null) return 'no figure';
  results.push({
    ...read,
    figure,
    terms: read.terms?.(estimate, speed) ?? '',
    error: figure.expected / read.measured - 1,
    inside: figure.low <= read.measured && read.measured <= figure.high,
  });
  return null;
}

function shown(table, value) {
  return table.unit === 'GiB' ? (value / 2 ** 30).toFixed(2) : value.toPrecision(3);
}

function print(table, results, skipped) {
  console.log(`\n${table.name} (${table.unit})`);
  console.log('measured      low expected     high   error');
  for (const row of results) {
    const cells = [row.measured, row.figure.low, row.figure.expected, row.figure.high].map((value) =>
      shown(table, value).padStart(8),
    );
    const error = `${(row.error * 100).toFixed(0)}%`.padStart(6);
    const terms = verbose ? `  [${row.terms}]` : '';
    console.log(
      `${cells.join(' ')} ${error} ${row.inside ? ' ' : '!'} ${row.quality} ${row.group}: ${row.label}${terms}`,
    );
  }
  for (const [reason, count] of skipped) console.log(`  left out: ${count} × ${reason}`);
  for (const line of groupLines(results)) console.log(`  ${line.join('  ')}`);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? NaN : sorted[Math.floor(sorted.length / 2)];
}

/** name, rows, median |error|, share within 25 %, share inside the interval. */
function groupLines(results) {
  const groups = new Map([
    ['all', results],
    ['quality A and B', results.filter((row) => row.quality !== 'C')],
  ]);
  for (const row of results) groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
  return [...groups].map(([name, rows]) => {
    const errors = rows.map((row) => Math.abs(row.error));
    const share = (count) => `${((count / Math.max(1, rows.length)) * 100).toFixed(0)} %`;
    return [
      name,
      `${rows.length} rows`,
      `median error ${(median(errors) * 100).toFixed(1)} %`,
      `within 25 % ${share(errors.filter((error) => error <= 0.25).length)}`,
      `inside the interval ${share(rows.filter((row) => row.inside).length)}`,
    ];
  });
}

function page(all) {
  const lines = [
    '# Accuracy',
    '',
    'Made by `npm run accuracy`: the estimates beside published measurements. The rows judge the mechanisms; no figure of the core is fitted to one of them.',
    'The interval is the one that we would bet 9:1 on. Quality A: conditions and method are known; B: one condition is inferred; C: a loose check.',
  ];
  for (const { table, results, skipped, all: count } of all) {
    lines.push(
      '',
      `## ${table.name[0].toUpperCase()}${table.name.slice(1)}`,
      '',
      `${results.length} of ${count} rows.`,
      '',
    );
    lines.push(
      '| group | rows | median error | within 25 % | inside the interval |',
      '| --- | --- | --- | --- | --- |',
    );
    for (const [name, rows, error, near, inside] of groupLines(results))
      lines.push(
        `| ${name} | ${rows.replace(' rows', '')} | ${error.replace('median error ', '')} | ${near.replace('within 25 % ', '')} | ${inside.replace('inside the interval ', '')} |`,
      );
    if (skipped.size > 0) {
      lines.push('', 'Left out:', '');
      for (const [reason, times] of skipped) lines.push(`- ${times} × ${reason}`);
    }
    lines.push(
      '',
      `| measured (${table.unit}) | low | expected | high | error | quality | row |`,
      '| ---: | ---: | ---: | ---: | ---: | --- | --- |',
    );
    for (const row of results.filter((each) => each.quality !== 'C'))
      lines.push(
        `| ${shown(table, row.measured)} | ${shown(table, row.figure.low)} | ${shown(table, row.figure.expected)} | ${shown(table, row.figure.high)} | ${(row.error * 100).toFixed(0)} %${row.inside ? '' : ' ✗'} | ${row.quality} | ${row.group}: ${row.label.replaceAll('|', '/')} |`,
      );
  }
  return lines;
}
