// Writes media/schemas/job.schema.json from the grammar and the defaults in src/core/job: what the validator accepts is
// what the editor completes. A test holds the two equal.
import { build } from 'esbuild';
import { toJsonSchema } from '@valibot/to-json-schema';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';

export const schemaPath = 'media/schemas/job.schema.json';

/** The grammar and the defaults as the sources have them now. */
async function grammar() {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { jobGrammar } from './src/core/job/jobGrammar';
export { jobDefaults } from './src/core/job/jobDefaults';`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: ['valibot'],
  });
  const module = { exports: {} };
  const require = createRequire(import.meta.url);
  new Function('module', 'exports', 'require', outputFiles[0].text)(module, module.exports, require);
  return module.exports;
}

/** Puts a default beside its key's description, through the unions of the shorthands. */
function addDefault(schema, keys, value) {
  const [head, ...rest] = keys;
  if (head === undefined) {
    schema.default = value;
    return;
  }
  for (const option of [schema, ...(schema.anyOf ?? [])]) {
    const inner = option.properties?.[head];
    if (inner !== undefined) addDefault(inner, rest, value);
  }
}

export async function jobSchema() {
  const { jobGrammar, jobDefaults } = await grammar();
  const schema = toJsonSchema(jobGrammar, { target: 'draft-07', typeMode: 'input' });
  for (const [path, value] of Object.entries(jobDefaults)) addDefault(schema, path.split('.'), value);
  const text = JSON.stringify(schema);
  return format(text, { ...(await resolveConfig(schemaPath)), parser: 'json' });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync('media/schemas', { recursive: true });
  writeFileSync(schemaPath, await jobSchema());
}
