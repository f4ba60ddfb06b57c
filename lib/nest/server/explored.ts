import { DEFAULT_APPLICATION } from '../constants.js';
import type { ListeningPlace } from './log-addresses.js';
import { strategiesWithoutHandler } from '../reflection/strategies.js';
import type { JstpServiceOptions } from './jstp-server-options.js';
import { flatten } from './reserved.js';
import type { RouteTable } from './route-table.js';

/** What the explorer's page is told of a server, before anybody has logged in. No secret of the options is in it. */
export interface Explored {
  /** Where the server listens; empty before it was told to. */
  readonly places: readonly ListeningPlace[];
  /** What its `address()` returns; null before it listens. */
  readonly address: unknown;
  readonly applications: readonly ExploredApplication[];
  /** Whether it has the interface `jstp.reflection`. */
  readonly reflection: boolean;
  /** Whether it has the interface `jstp.administration`. */
  readonly administration: boolean;
}

/** An application, and how clients may log in to it. */
export interface ExploredApplication {
  readonly name: string;
  readonly version: string;
  readonly handshakes: readonly { readonly strategy: string }[];
}

/** Returns what is told of a server. */
export function exploredOf(
  options: JstpServiceOptions,
  routes: RouteTable,
  places: readonly ListeningPlace[],
  address: unknown,
): Explored {
  return {
    places,
    address: address ?? null,
    applications: applicationsOf(options, routes),
    reflection: Boolean(options.reflection),
    administration: Boolean(options.administration),
  };
}

function applicationsOf(options: JstpServiceOptions, routes: RouteTable): ExploredApplication[] {
  const byName = new Map<string, ExploredApplication>();
  for (const { name, version } of [...flatten(options.applications ?? []), ...routes.applications]) {
    const strategies = strategiesOf(name, version, options, routes);
    byName.set(`${name}@${version}`, {
      name,
      version,
      handshakes: [...strategies].map((strategy) => ({ strategy })),
    });
  }
  const { application } = options;
  // An application that nobody has named has what was not said to belong to another one.
  const isUnnamed = ({ name, version }: ExploredApplication): boolean =>
    application === undefined && `${name}@${version}` === DEFAULT_APPLICATION;
  const all = [...byName.values()];
  return [...all.filter((each) => !isUnnamed(each)), ...all.filter(isUnnamed)];
}

/** Returns the strategies that may be let in; '*' stands for those that a policy may know besides. */
function strategiesOf(
  name: string,
  version: string,
  options: JstpServiceOptions,
  routes: RouteTable,
): Set<string> {
  const handlers = routes.find(name, version)?.handshakes;
  const strategies = new Set([...(handlers?.keys() ?? [])].map((strategy) => strategy ?? '*'));
  for (const strategy of strategiesWithoutHandler(options, routes.hasHandshakes)) strategies.add(strategy);
  if (options.authPolicy) strategies.add('*');
  return strategies;
}
