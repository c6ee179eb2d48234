// Finds a Chromium, or installs Debian's where that can be done, and opens it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

function onPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

function findBrowser() {
  const chosen = process.env.CHROME_PATH;
  if (chosen) {
    if (existsSync(chosen)) return chosen;
    throw new Error(`CHROME_PATH names ${chosen}, which does not exist.`);
  }
  return names.map(onPath).find(Boolean) ?? places.find((path) => existsSync(path));
}

/** apt-get install chromium, as root or through a sudo that asks nothing; false where that cannot be done. */
function installBrowser() {
  if (!onPath('apt-get')) return false;
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (prefix.length > 0 && !onPath('sudo')) return false;
  const run = (...args) => {
    const [command, ...rest] = [...prefix, 'apt-get', ...args];
    return spawnSync(command, rest, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  console.log('Installing Chromium (apt-get install chromium)');
  run('update', '-q');
  return run('install', '-y', '-q', '--no-install-recommends', 'chromium', 'fonts-dejavu-core').status === 0;
}

/** The executable of a browser that can show the workbench; throws one sentence where there is none. */
export function browserPath() {
  const path = findBrowser() ?? (installBrowser() ? findBrowser() : undefined);
  if (path) return path;
  throw new Error(
    'No Chromium or Chrome was found and apt-get cannot install one: install it, or name one in CHROME_PATH.',
  );
}

/** A headless browser. `--no-sandbox` because Chromium refuses to start as root otherwise; it opens nothing but our own server. */
export async function openBrowser() {
  const switches = [
    'disable-quic',
    'no-first-run',
    'disable-background-networking',
    'disable-component-update',
  ];
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({
    executablePath: browserPath(),
    args: [...root, '--disable-sync', '--disable-dev-shm-usage', ...switches.map((name) => `--${name}`)],
  });
}
