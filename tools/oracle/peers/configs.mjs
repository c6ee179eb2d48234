// Prints the configs of models.json: those of the built-in table and the others, and what else the converter reads of some.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { compile } from '../../compile.mjs';

const { known, others, converter } = JSON.parse(
  readFileSync(new URL('models.json', import.meta.url), 'utf8'),
);
await compile('out');
const { knownModel } = createRequire(import.meta.url)(
  join(process.cwd(), 'out', 'src', 'core', 'job', 'knownModels.js'),
);
const named = known.map((id) => {
  const found = knownModel(id);
  if (found === null) throw new Error(`${id} is not in the built-in table`);
  return [id, found.config];
});
process.stdout.write(JSON.stringify({ configs: { ...Object.fromEntries(named), ...others }, converter }));
