/**
 * The second half of `npm run check:imports`: what `nestjs-jstp/client` loads has nothing of a server, and no package but
 * Nest's. Why by itself: types do not count here, as they load nothing.
 */

/** @import { IConfiguration } from 'dependency-cruiser' */

/** @type {IConfiguration} */
const config = {
  forbidden: [
    {
      name: 'the client loads no server',
      severity: 'error',
      from: { path: '^lib/client\\.ts$' },
      to: { path: '^lib/(server|nest/server|redis|testing)/', reachable: true },
    },
    {
      name: 'the client loads ws and devalue when they are needed, and no semver',
      severity: 'error',
      from: {},
      to: { path: '^node_modules/(ws|semver|devalue)/', dynamic: false },
    },
  ],
  options: {
    tsPreCompilationDeps: false,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};

export default config;
