/**
 * The ids that package.json contributes, typed. A test holds both lists together; nothing here imports the editor, so that it can run anywhere.
 */

/** Commands, by what they do. */
export const commands = {
  detectHardware: 'rooflens.detectHardware',
  runBenchmark: 'rooflens.runBenchmark',
  cancelBenchmark: 'rooflens.cancelBenchmark',
  checkWorkspace: 'rooflens.checkWorkspace',
  chooseTarget: 'rooflens.chooseTarget',
  advise: 'rooflens.advise',
  openReport: 'rooflens.openReport',
  explain: 'rooflens.explain',
  copyDiagnosticReport: 'rooflens.copyDiagnosticReport',
  pointToModel: 'rooflens.pointToModel',
  explainError: 'rooflens.explainError',
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

/** What a rule of `rooflens.rules` may be set to. */
export type RuleSeverity = 'error' | 'warning' | 'information' | 'hint' | 'off';

/** Settings with the type of their values; the defaults stand in package.json. */
export interface SettingTypes {
  /** A target as on the command line: `auto`, `local`, `cpu`, `2x RTX 4090`, … */
  readonly 'rooflens.target': string;
  /** Tokens of one sequence that a bare model is estimated for. */
  readonly 'rooflens.contextLength': number;
  /** GiB of each device that an estimate leaves free. */
  readonly 'rooflens.headroom': number;
  /** Diagnostic code to severity. */
  readonly 'rooflens.rules': Readonly<Record<string, RuleSeverity>>;
  readonly 'rooflens.codeLens': boolean;
  readonly 'rooflens.inlayHints': boolean;
  readonly 'rooflens.hub.enabled': boolean;
  /** Address of the hub; empty = what HF_ENDPOINT says, else huggingface.co. */
  readonly 'rooflens.hub.endpoint': string;
  /** Path of a Python; empty = none is started. */
  readonly 'rooflens.python.path': string;
  /** Name of a vendor tool to its absolute path. */
  readonly 'rooflens.tools': Readonly<Record<string, string>>;
  /** Path of a document as `rooflens hardware --json` prints it, or of a recorded folder; empty = detect. */
  readonly 'rooflens.hardware.override': string;
  /** Tokens per second from which a chat counts as fluent. */
  readonly 'rooflens.speed.chatTokensPerSecond': number;
  /** Name of a target to its price per hour, in any one currency. */
  readonly 'rooflens.price.perHour': Readonly<Record<string, number>>;
}

export type SettingId = keyof SettingTypes;

/** All settings. The type makes a forgotten one a compile error. */
export const settings = {
  'rooflens.target': true,
  'rooflens.contextLength': true,
  'rooflens.headroom': true,
  'rooflens.rules': true,
  'rooflens.codeLens': true,
  'rooflens.inlayHints': true,
  'rooflens.hub.enabled': true,
  'rooflens.hub.endpoint': true,
  'rooflens.python.path': true,
  'rooflens.tools': true,
  'rooflens.hardware.override': true,
  'rooflens.speed.chatTokensPerSecond': true,
  'rooflens.price.perHour': true,
} as const satisfies Record<SettingId, true>;

/** Context keys that menus and key bindings may ask for. */
export const contextKeys = {
  benchmarkRunning: 'rooflens:benchmarkRunning',
} as const;

/** Languages whose documents may hold a model or a job; opening one of them activates Rooflens. */
export const languages = ['json', 'jsonc', 'yaml', 'toml', 'python', 'modelfile'] as const;
