/** The one-way flow of the architecture as a machine check: see docs/architecture.md. */
const flow = ['units', 'hardware', 'model', 'job', 'estimate', 'speed', 'advice', 'finding'];

const insideCore = flow.slice(0, -1).map((folder, position) => ({
  name: `core-${folder}-imports-only-upstream`,
  severity: 'error',
  from: { path: `^src/core/${folder}/`, pathNot: '[.]test[.]ts$' },
  to: { path: `^src/core/(${flow.slice(position + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...insideCore,
    {
      name: 'bench-imports-hardware-and-units-only',
      severity: 'error',
      from: { path: '^src/core/bench/', pathNot: '[.]test[.]ts$' },
      to: { path: '^src/core/', pathNot: '^src/core/(bench|hardware|units)/' },
    },
    {
      name: 'nothing-upstream-imports-bench',
      severity: 'error',
      from: { path: '^src/core/(units|hardware)/' },
      to: { path: '^src/core/bench/' },
    },
    {
      name: 'core-is-alone',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '[.]test[.]ts$' },
      to: { path: '^src/(?!core/)' },
    },
    {
      name: 'core-has-no-node',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '[.]test[.]ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'protocol-imports-core-only',
      severity: 'error',
      from: { path: '^src/protocol/' },
      to: { path: '^src/(?!core/|protocol/)' },
    },
    {
      name: 'platform-imports-protocol-and-core',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(?!core/|protocol/|platform/)' },
    },
    {
      name: 'worker-imports-protocol-and-core',
      severity: 'error',
      from: { path: '^src/worker/' },
      to: { path: '^src/(?!core/|protocol/|worker/)' },
    },
    {
      name: 'webview-imports-protocol-and-core',
      severity: 'error',
      from: { path: '^src/webview/' },
      to: { path: '^src/(?!core/|protocol/|webview/)' },
    },
    {
      name: 'cli-imports-platform-protocol-core',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/(?!core/|protocol/|platform/|cli/)' },
    },
    {
      name: 'nothing-imports-the-editor',
      severity: 'error',
      from: { path: '^src/(?!editor/)' },
      to: { path: '^src/editor/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-dev-dependency-in-src',
      severity: 'error',
      from: { path: '^src/', pathNot: '[.]test[.]ts$' },
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      mainFields: ['module', 'main', 'types'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
