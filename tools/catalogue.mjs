// Turns the catalogue of accelerators (CSV, kept by hand) into typed data.
//   node tools/catalogue.mjs          writes src/core/hardware/catalogue.generated.ts
//   node tools/catalogue.mjs --check  exits with 1 when that file is not what would be written
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'csv-parse/sync';

const csvFile = 'src/core/hardware/catalogue/accelerators.csv';
const generatedFile = 'src/core/hardware/catalogue.generated.ts';

const vendors = ['nvidia', 'amd', 'intel', 'apple', 'google'];
const memories = { no: 'dedicated', yes: 'unified', coherent: 'coherent' };
const flopColumns = {
  fp32: 'fp32_tflops',
  tf32: 'tf32_tflops',
  fp16: 'fp16_tflops',
  bf16: 'bf16_tflops',
  fp8: 'fp8_tflops',
  int8: 'int8_tops',
  fp4: 'fp4_tflops',
};

function fail(row, message) {
  throw new Error(`${csvFile}: ${row.id}: ${message}`);
}

/** A positive number; null for an empty cell. */
function number(row, column) {
  const text = row[column];
  if (text === '') return null;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    fail(row, `${column} is "${text}", a positive number is expected`);
  return value;
}

function list(text) {
  return text === '' ? [] : text.split('|').map((part) => part.trim());
}

/** `15109 (drv 450)|15360 (drv 510)`: totals that drivers were seen to report, each with its circumstances. */
function seenTotals(row) {
  return list(row.smi_total_mib_seen).map((text) => {
    const match = /^(\d+)(?: \((.*)\))?$/u.exec(text);
    if (match === null) fail(row, `smi_total_mib_seen is "${text}", "MIB (note)" is expected`);
    return { mib: Number(match[1]), note: match[2] ?? '' };
  });
}

function entry(row) {
  if (!vendors.includes(row.vendor)) fail(row, `vendor is "${row.vendor}"`);
  const memory = memories[row.unified_memory];
  if (memory === undefined) fail(row, `unified_memory is "${row.unified_memory}"`);
  const rated = number(row, 'vram_gib');
  const options = list(row.vram_options_gib).map(Number);
  const tflops = {};
  for (const [type, column] of Object.entries(flopColumns)) {
    const value = number(row, column);
    if (value !== null) tflops[type] = value;
  }
  return {
    id: row.id,
    vendor: row.vendor,
    name: row.name,
    aliases: list(row.aliases),
    driverName: row.smi_name_regex === '' ? null : row.smi_name_regex,
    segment: row.segment,
    architecture: row.arch,
    computeCapability: row.compute_capability === '' ? null : row.compute_capability,
    gfx: row.gfx === '' ? null : row.gfx,
    ratedGiB: rated,
    optionsGiB: options.length > 0 ? options.sort((a, b) => a - b) : rated === null ? [] : [rated],
    gpuCores: number(row, 'gpu_cores'),
    devicesPerCard: number(row, 'devices_per_card'),
    seenTotals: seenTotals(row),
    memoryType: row.mem_type,
    busBits: number(row, 'mem_bus_bits'),
    bandwidthGBps: number(row, 'mem_bw_gbs'),
    tflops,
    tdpWatts: number(row, 'tdp_w'),
    year: number(row, 'year'),
    memory,
    source: row.source,
    notes: row.notes,
  };
}

/** The TypeScript text for a CSV text. A source or note that several rows share is written once. */
export function generate(csv) {
  const rows = parse(csv, { columns: true, skip_empty_lines: true });
  const ids = new Set();
  const shared = [...new Set(rows.flatMap((row) => [row.source, row.notes]))].filter((text) => text !== '');
  const reference = (text) => (text === '' ? "''" : `t${shared.indexOf(text)}`);
  const lines = rows.map((row) => {
    if (ids.has(row.id)) fail(row, 'id occurs twice');
    ids.add(row.id);
    const { source, notes, ...rest } = entry(row);
    return `  { ${JSON.stringify(rest).slice(1, -1)}, source: ${reference(source)}, notes: ${reference(notes)} },`;
  });
  return [
    `// Written by tools/catalogue.mjs from ${csvFile}: change that file and run the tool.`,
    `import type { CatalogueEntry } from './catalogueEntry';`,
    '',
    ...shared.map((text, index) => `const t${index} = ${JSON.stringify(text)};`),
    '',
    'export const accelerators: readonly CatalogueEntry[] = [',
    ...lines,
    '];',
    '',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? '')).href) {
  const text = generate(readFileSync(csvFile, 'utf8'));
  if (process.argv.includes('--check')) {
    if (readFileSync(generatedFile, 'utf8') !== text) {
      process.stderr.write(`${generatedFile} is not up to date: run node tools/catalogue.mjs\n`);
      process.exitCode = 1;
    }
  } else {
    writeFileSync(generatedFile, text);
  }
}
