import { Application, type ApplicationLike } from '../../application/application.js';
import { ReservedApplication, type ReservedInterfaces } from '../../application/reserved-application.js';
import type { Connection } from '../../connection/connection.js';
import { REFLECTION_INTERFACE } from '../../reflection/application-description.js';
import { describeApplication } from '../reflection/describe-application.js';
import { Reflection } from '../reflection/reflection.js';
import type { ReflectionOptions } from '../reflection/reflection-option.js';
import { guardOf, type GuardClassResolver } from './guard-source.js';
import type { JstpServerOptions } from './jstp-server-options.js';
import { ReservedGuard } from './reserved-guard.js';
import { assertFree } from './reserved-names.js';
import type { RouteTable } from './route-table.js';

type App = ApplicationLike<Connection>;

/** The reserved interfaces of a server, which it offers beside those of its applications. */
export class Reserved {
  private readonly guards: ReservedGuard[] = [];
  /** Undefined: there are none, and applications are served as they are. */
  private readonly interfaces: ReservedInterfaces<Connection> | undefined;
  private served: readonly App[] = [];

  /**
   * @param options the options of the server
   * @param reflection the option `reflection`, after its check
   * @param routes the handlers
   * @param resolve provides the guards of classes
   * @param report gets an error that no caller is told of
   * @throws ConfigurationError for the class of a guard without JstpModule
   */
  constructor(
    private readonly options: JstpServerOptions,
    reflection: ReflectionOptions | undefined,
    private readonly routes: RouteTable,
    private readonly resolve: GuardClassResolver | undefined,
    private readonly report: (error: unknown) => void,
  ) {
    if (reflection)
      this.interfaces = new Map([[REFLECTION_INTERFACE, this.reflectionOf(reflection).methods]]);
  }

  /** Makes the guards that can be made before the first call; undefined where there is nothing to wait for. */
  prepare(): Promise<unknown> | undefined {
    const waits = this.guards.flatMap((guard) => guard.prepare() ?? []);
    return waits.length > 0 ? Promise.all(waits) : undefined;
  }

  /**
   * Puts the reserved interfaces beside those of applications.
   * @throws ConfigurationError for an application that has an interface of a reserved name
   */
  besides(applications: readonly App[]): App[] {
    const { interfaces } = this;
    for (const application of this.coreApplications) assertNoReserved(application);
    this.served = applications;
    if (!interfaces) return [...applications];
    const reporter = { reportError: this.report };
    return applications.map((application) => new ReservedApplication(application, interfaces, reporter));
  }

  private guardOf(option: unknown, name: string): ReservedGuard | undefined {
    const source = guardOf(option, this.resolve, name);
    if (!source) return undefined;
    const guard = new ReservedGuard(source, this.report);
    this.guards.push(guard);
    return guard;
  }

  private reflectionOf({ guard }: ReflectionOptions): Reflection {
    return new Reflection({
      guard: this.guardOf(guard, 'reflection.guard'),
      introspection: this.options.introspection ?? 'all',
      applications: () => this.served,
      describe: ({ name, version }) =>
        describeApplication({
          name,
          version,
          routes: this.routes.find(name, version),
          core: [...this.coreApplications].find((core) => core.name === name && core.version === version),
        }),
    });
  }

  /** The core applications of the server. */
  private get coreApplications(): Iterable<App> {
    return flatten(this.options.applications ?? []);
  }
}

/** Checks that a core application has no interface with a reserved name, as far as its names are known. */
function assertNoReserved(application: App): void {
  if (!(application instanceof Application)) return;
  for (const name of [...Object.keys(application.api), ...Object.keys(application.eventHandlers)])
    assertFree(name, `An interface of the application ${application.name}@${application.version}`);
}

/** Iterates over the applications of the option `applications`; an application may come twice. */
export function* flatten(applications: NonNullable<JstpServerOptions['applications']>): Generator<App> {
  if (!(applications instanceof Map)) yield* applications as readonly App[];
  else for (const versions of applications.values()) yield* versions.values();
}
