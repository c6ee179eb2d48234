// The licences of the packages that a VSIX carries, in one text.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the packages whose code is inside the bundles of `metafiles`. */
function bundledPackages(metafiles) {
  const names = new Set();
  for (const { outputs } of Object.values(metafiles))
    for (const { inputs } of Object.values(outputs))
      for (const input of Object.keys(inputs)) {
        const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/s.exec(input) ?? [];
        if (name !== undefined) names.add(name);
      }
  return names;
}

/** Name, version and licence of every package in the bundles and of those named, with the licence's text where the package has it. */
export function thirdPartyNotices(metafiles, others) {
  const names = [...new Set([...bundledPackages(metafiles), ...others])].toSorted();
  const notices = names.map((name) => {
    const folder = join('node_modules', name);
    const { version, license, author, homepage } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const head = [`${name} ${version} (${license})`, homepage].filter(Boolean).join('\n');
    const file = existsSync(folder) && readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const holder = (typeof author === 'object' ? author.name : author) ?? name;
    return `${head}\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : `Copyright ${holder}`}`;
  });
  return `Rooflens contains the following packages.\n\n${notices.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
