// Checks every bundle against its budget and shows what it is made of.
import { statSync } from 'node:fs';
import { bundles } from './build.mjs';

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

/** Prints each bundle's size and its ten largest inputs; gives the sentences that say which budget is exceeded. */
export function checkSizes(metafiles) {
  const problems = [];
  for (const [name, { outputs }] of Object.entries(metafiles)) {
    const [file, { inputs }] = Object.entries(outputs).find(([path]) => path.endsWith('.js'));
    const { size } = statSync(file);
    const { budget } = bundles[name];
    console.log(`${file}: ${kilobytes(size)} of ${kilobytes(budget)}`);
    const largest = Object.entries(inputs)
      .sort(([, left], [, right]) => right.bytesInOutput - left.bytesInOutput)
      .slice(0, 10);
    for (const [input, { bytesInOutput }] of largest)
      console.log(`    ${kilobytes(bytesInOutput).padStart(10)}  ${input}`);
    if (size > budget) problems.push(`${file} is ${kilobytes(size)}; its budget is ${kilobytes(budget)}`);
  }
  return problems;
}
