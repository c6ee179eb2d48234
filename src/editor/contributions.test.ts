import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { commands, contextKeys, languages, settings } from './contributions';

interface Setting {
  readonly type: string;
  readonly default?: unknown;
  readonly scope?: string;
  readonly markdownDescription?: string;
  readonly description?: string;
}

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly capabilities: {
    readonly untrustedWorkspaces: {
      readonly supported: string;
      readonly restrictedConfigurations: readonly string[];
    };
  };
  readonly contributes: {
    readonly commands: readonly {
      readonly command: string;
      readonly title: string;
      readonly category: string;
    }[];
    readonly configuration: { readonly properties: Readonly<Record<string, Setting>> };
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
    readonly languages: readonly { readonly id: string; readonly configuration: string }[];
    readonly grammars: readonly { readonly language: string; readonly path: string }[];
    readonly keybindings?: unknown;
  };
  readonly icon: string;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

describe('what package.json contributes', () => {
  it('names the same commands as the code', () => {
    const contributed = manifest.contributes.commands.map(({ command }) => command);
    assert.deepEqual(contributed.toSorted(), Object.values(commands).toSorted());
  });

  it('gives every command a title, our category and no key', () => {
    for (const { title, category } of manifest.contributes.commands) {
      assert.match(title, /^[A-Z]/);
      assert.equal(category, 'Rooflens');
    }
    assert.equal(manifest.contributes.keybindings, undefined);
  });

  it('names the same settings as the code', () => {
    const contributed = Object.keys(manifest.contributes.configuration.properties);
    assert.deepEqual(contributed.toSorted(), Object.keys(settings).toSorted());
  });

  it('gives every setting a default of its type, a scope and a description', () => {
    for (const [id, setting] of Object.entries(manifest.contributes.configuration.properties)) {
      const type = typeof setting.default;
      assert.equal(setting.type === 'integer' ? 'number' : setting.type, type, `default of ${id}`);
      assert((setting.description ?? setting.markdownDescription ?? '').length > 20, `description of ${id}`);
      assert(setting.scope, `scope of ${id}`);
    }
  });

  it('lets an untrusted folder decide nothing that starts a program, reads a named file or opens a connection', () => {
    const { supported, restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    assert.equal(supported, 'limited');
    assert.deepEqual(restrictedConfigurations.toSorted(), [
      'rooflens.hardware.override',
      'rooflens.hub.enabled',
      'rooflens.hub.endpoint',
      'rooflens.python.path',
      'rooflens.tools',
    ]);
  });

  it('activates on the languages of our files and on notebooks, and on nothing else', () => {
    const wanted = [...languages.map((language) => `onLanguage:${language}`), 'onNotebook:jupyter-notebook'];
    assert.deepEqual(manifest.activationEvents, wanted);
  });

  it('names only menus, context keys and files that exist', () => {
    for (const { command, when } of Object.values(manifest.contributes.menus).flat()) {
      assert(Object.values<string>(commands).includes(command), command);
      for (const [key] of (when ?? '').matchAll(/rooflens:\w+/g))
        assert(Object.values<string>(contextKeys).includes(key), key);
    }
    const files = [
      manifest.icon,
      ...manifest.contributes.languages.map(({ configuration }) => configuration),
      ...manifest.contributes.grammars.map(({ path }) => path),
    ];
    for (const file of files) assert(existsSync(file), file);
  });
});
