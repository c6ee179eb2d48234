// How long the core takes for one answer, as an editor asks for it on a keystroke and a command line on a list of configs:
//   npm run bench:core [-- ROUNDS]
// Every figure is the median over rounds, with the fastest and the slowest; nothing is read from disk while it is timed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../compile.mjs';

const rounds = Number(process.argv[2] ?? 15);
if (!Number.isInteger(rounds) || rounds < 3) {
  console.error('ROUNDS is a whole number from 3 on');
  process.exit(2);
}

const out = 'out';
await compile(out);
const load = async (path) => await import(join(process.cwd(), out, 'src', `${path}.js`));
const { blueprintFromConfig } = await load('core/model/blueprintFromConfig');
const { recognise } = await load('core/job/recognise');
const { sniffs } = await load('core/job/sniff');
const { knownModel, knownModelIds } = await load('core/job/knownModels');
const { resolveTarget } = await load('core/hardware/resolveTarget');
const { answer } = await load('core/finding/answer');

const example = (name) => readFileSync(join('examples', name), 'utf8');
const texts = {
  'an axolotl file': ['axolotl-exceeds.yaml', example('axolotl-exceeds.yaml')],
  'a job document': ['jobs/chat-8b.rooflens.json', example('jobs/chat-8b.rooflens.json')],
  'a file that is not ours': [
    'package.json',
    existsSync('package.json') ? readFileSync('package.json', 'utf8') : '{}',
  ],
};
const target = resolveTarget('rtx4090', { machine: null, choice: 'chosen' }).target;
const llama = knownModel('meta-llama/Llama-3.1-8B').config;

/** The job of an example with a given model, as the analysis hands it to the core. */
function subject(name, config) {
  const [path, text] = texts[name];
  const { outcome } = recognise(text, { path: `/bench/${path}`, contextLength: 8192 });
  const job = outcome.recognition.jobs[0];
  const models = job.document.models.map((setting) => ({
    setting,
    id: 'bench',
    source: 'bench',
    outcome: blueprintFromConfig(config),
  }));
  return { kind: outcome.recognition.kind, job, models, target, machine: null, file: null, line: 1 };
}

const training = subject('an axolotl file', llama);
const inference = subject('a job document', llama);
const configs = knownModelIds().map((id) => knownModel(id).config);

const measurements = [
  ...Object.entries(texts).map(([what, [path, text]]) => [
    `sniff ${what}`,
    1000,
    () => sniffs(text, `/bench/${path}`),
  ]),
  ...Object.entries(texts).map(([what, [path, text]]) => [
    `recognise ${what}`,
    20,
    () => recognise(text, { path: `/bench/${path}`, contextLength: 8192 }),
  ]),
  ['Blueprint of an 8B decoder', 20, () => blueprintFromConfig(llama)],
  [
    `Blueprints of ${configs.length} known models`,
    1,
    () => configs.forEach((config) => blueprintFromConfig(config)),
  ],
  ['one estimate, training', 3, () => answer({ ...training, brief: true })],
  ['one estimate, inference', 3, () => answer({ ...inference, brief: true })],
  ['a whole answer with limits and remedies, training', 1, () => answer(training)],
  ['a whole answer with limits and remedies, inference', 1, () => answer(inference)],
  [
    'a target by name',
    20,
    () => resolveTarget('8x NVIDIA H100 80GB HBM3', { machine: null, choice: 'chosen' }),
  ],
];

const milliseconds = (value) => (value < 0.1 ? `${(value * 1000).toFixed(1)} us` : `${value.toFixed(2)} ms`);
for (const [what, repeats, run] of measurements) {
  for (let warmUp = 0; warmUp < 3; warmUp++) for (let i = 0; i < repeats; i++) run();
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) run();
    times.push((performance.now() - start) / repeats);
  }
  times.sort((a, b) => a - b);
  const [fastest, median, slowest] = [times[0], times[Math.floor(rounds / 2)], times.at(-1)].map(
    milliseconds,
  );
  console.log(`${what.padEnd(52)} ${median.padStart(10)}   (${fastest} to ${slowest})`);
}
