/** Who may import whom: ARCHITECTURE's table as rules. `scripts/boundaries.ts` runs it and asserts how many modules were read. */
const to = (...paths) => paths;
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from, pathNot: '\\.test\\.ts$' },
  to: { path: '^(?:src|ui|scripts|test|bench)/', pathNot: allowed },
});
const arrows = {
  registry: ['tracking'],
  datasets: ['tracking'],
  pipelines: ['tracking', 'datasets', 'environments'],
  packaging: ['registry', 'environments'],
  deployments: ['registry', 'packaging'],
  monitoring: ['datasets'],
  tracking: [],
  environments: [],
  delivery: [],
  projects: [],
  lineage: [],
  retention: ['lineage'],
  tables: [],
  transfer: ['tracking', 'tables'],
  identity: [],
  serving: null,
};
const moduleRules = Object.entries(arrows).map(([name, others]) => {
  const doors = others === null ? [] : [...others, 'identity'].map((other) => `^src/modules/${other}/index\\.ts$`);
  return only(
    `module-${name}`,
    `^src/modules/${name}/`,
    to('^src/(?:domain|ports|platform)/', `^src/modules/${name}/`, ...doors),
    'modules meet through index.ts along the arrows',
  );
});
const adapterFolders = require('node:fs').existsSync('src/adapters')
  ? require('node:fs').readdirSync('src/adapters')
  : [];
const adapterRules = adapterFolders.map((name) =>
  only(
    `adapter-${name}`,
    `^src/adapters/${name}/`,
    to('^src/(?:domain|ports|platform)/', `^src/adapters/${name}/`),
    'an adapter knows ports and its technology, never another adapter or a module',
  ),
);

module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    only('domain', '^src/domain/', to('^src/domain/'), 'domain imports domain only'),
    {
      name: 'domain-pure',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm', 'core'] },
    },
    only('platform', '^src/platform/', to('^src/platform/'), 'platform knows no word of the domain'),
    only('ports', '^src/ports/', to('^src/(?:domain|ports)/'), 'ports speak domain'),
    { name: 'ports-pure', severity: 'error', from: { path: '^src/ports/' }, to: { dependencyTypes: ['npm', 'core'] } },
    only('testing', '^src/testing/', to('^src/(?:domain|ports|testing)/'), 'contract suites see ports only'),
    ...moduleRules,
    ...adapterRules,
    only(
      'api',
      '^src/api/',
      to('^src/(?:domain|platform|ports|api)/', '^src/modules/[^/]+/index\\.ts$'),
      'transports translate and decide nothing',
    ),
    only('cli', '^src/cli/', to('^src/(?:domain|platform|app|cli)/'), 'commands speak to the API or start the app'),
    {
      name: 'app-door',
      severity: 'error',
      comment: 'app is imported by main, cli and tests only',
      from: { path: '^src/', pathNot: '^src/(?:app|cli)/|^src/main\\.ts$|\\.test\\.ts$' },
      to: { path: '^src/app/' },
    },
    {
      name: 'drivers-in-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapters/|\\.test\\.ts$' },
      to: {
        path: '^(?:node:)?sqlite$|node_modules/(?:kysely|@duckdb|onnxruntime-node|pg|mysql2|@aws-sdk|@kubernetes)',
      },
    },
    {
      name: 'io-in-adapters',
      severity: 'error',
      comment: 'files, processes and sockets belong to adapters, platform and the ends of the program',
      from: {
        path: '^src/(?:domain|ports|modules|api)/',
        pathNot: '\\.test\\.ts$|^src/api/oip/|^src/modules/serving/',
      },
      to: { path: '^(?:node:)?(?:fs|fs/promises|child_process|net|worker_threads)$' },
    },
    { name: 'ui-alone', severity: 'error', from: { path: '^ui/' }, to: { path: '^src/' } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '\\.test\\.ts$|\\.d\\.ts$|^src/main\\.ts$' },
      to: {},
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.d.ts', '.js'] },
  },
};
