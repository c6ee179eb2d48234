// Stands before the bundle in a copy of the extension: records everything that is registered with the editor, and blanks one of them.
// ROOFLENS_TEETH_LOG names the file that gets one id a line, ROOFLENS_TEETH_BLANK the file that holds the id to blank.
const { appendFileSync, existsSync, readFileSync } = require('node:fs');

const blanked = existsSync(process.env.ROOFLENS_TEETH_BLANK)
  ? readFileSync(process.env.ROOFLENS_TEETH_BLANK, 'utf8')
  : '';

/** Does nothing, whatever is called on it, and forgets what is set. */
const inert = () => new Proxy({}, { get: () => () => undefined, set: () => true });

/** The id of a call: `languages.registerHoverProvider`, `commands.registerCommand rooflens.explain`. */
const idOf = (space, name, args) =>
  name.startsWith('registerCommand') || name.startsWith('registerTextEditorCommand')
    ? `${space}.${name} ${args[0]}`
    : `${space}.${name}`;

function wrap(space, name, original) {
  return (...args) => {
    const id = idOf(space, name, args);
    appendFileSync(process.env.ROOFLENS_TEETH_LOG, `${id}\n`);
    if (id !== blanked) return original(...args);
    // A command stays known and does nothing: one that is not found would be too easy to notice.
    return space === 'commands' ? original(args[0], () => undefined) : inert();
  };
}

/** A copy of a namespace of the API in which every function that registers or creates something is watched. */
function watched(space, api) {
  const properties = Object.getOwnPropertyDescriptors(api);
  for (const [name, descriptor] of Object.entries(properties))
    if (/^(register|create)[A-Z]/.test(name) && typeof descriptor.value === 'function')
      properties[name] = { ...descriptor, value: wrap(space, name, descriptor.value.bind(api)) };
  return Object.defineProperties({}, properties);
}

/** The editor's API as the bundle sees it. */
module.exports = (vscode) =>
  Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(vscode),
      ...Object.fromEntries(
        ['languages', 'commands', 'window', 'workspace', 'lm', 'tests'].map((space) => [
          space,
          { value: watched(space, vscode[space]), enumerable: true },
        ]),
      ),
    },
  );
