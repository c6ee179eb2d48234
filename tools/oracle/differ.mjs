// Where Rooflens reads configs otherwise than the library does: differ.py's lines on standard input, differences on standard output.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compile } from '../compile.mjs';

await compile('out');
const load = (name) =>
  createRequire(import.meta.url)(join(process.cwd(), 'out', 'src', 'core', 'model', `${name}.js`));
const { blueprintFromConfig } = load('blueprintFromConfig');
const { parameterCount } = load('parameters');

/** What is different, in words; null where nothing is. */
function difference({ config, shapes, parameters }) {
  const outcome = blueprintFromConfig(config);
  if (!outcome.ok) return `refused: ${outcome.reason}`;
  const ours = new Map(outcome.blueprint.tensors.map(({ name, shape }) => [name, shape.join()]));
  const found = [];
  for (const [name, shape] of Object.entries(shapes)) {
    if (!ours.has(name)) found.push(`- ${name} ${shape}`);
    else if (ours.get(name) !== shape.join()) found.push(`${name} ${ours.get(name)}, not ${shape}`);
  }
  for (const name of ours.keys()) if (!Object.hasOwn(shapes, name)) found.push(`+ ${name}`);
  const count = parameterCount(outcome.blueprint);
  if (found.length === 0 && count !== parameters) found.push(`${count} parameters, not ${parameters}`);
  return found.length === 0 ? null : `${found.length} differ: ${found.slice(0, 3).join('; ')}`;
}

let equal = 0;
let refused = 0;
let other = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const answer = JSON.parse(line);
  const found = difference(answer);
  if (found === null) equal++;
  else {
    if (found.startsWith('refused')) refused++;
    else other++;
    console.log(`${answer.file} ${found}\n    ${JSON.stringify(answer.config)}`);
  }
}
console.log(`${equal} equal, ${other} otherwise, ${refused} refused`);
process.exitCode = other === 0 ? 0 : 1;
