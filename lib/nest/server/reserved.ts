import { Application, type ApplicationLike } from '../../application/application.js';
import {
  ReservedApplication,
  type ReservedInterfaces,
  type ReservedMethod,
} from '../../application/reserved-application.js';
import { check } from '../../protocol/option-checks.js';
import type { Connection } from '../../connection/connection.js';
import { REFLECTION_INTERFACE } from '../../reflection/application-description.js';
import type { ApplicationDescription } from '../../reflection/application-description.js';
import { ADMINISTRATION_INTERFACE } from '../../server/administration/administration.js';
import type { CallDetails } from '../../server/administration/call-details.js';
import { ServerAdministration } from '../administration/server-administration.js';
import { describeApplication } from '../reflection/describe-application.js';
import { loadSchemaPackages } from '../reflection/optional-packages.js';
import { strategiesWithoutHandler } from '../reflection/strategies.js';
import { Reflection } from '../reflection/reflection.js';
import type { ReflectionOptions } from '../reflection/reflection-option.js';
import { guardOf, type GuardClassResolver } from './guard-source.js';
import type { JstpServerOptions, ResolvedJstpServerOptions } from './jstp-server-options.js';
import { ReservedGuard } from './reserved-guard.js';
import { assertFree } from './reserved-names.js';
import type { RouteTable } from './route-table.js';

/** The length of the longest description, in UTF-16 units. Why: each caller gets it whole. */
const MAX_DESCRIPTION_LENGTH = 1024 * 1024;

type App = ApplicationLike<Connection>;

/** The reserved interfaces of a server, which it offers beside those of its applications. */
export class Reserved {
  private readonly guards: ReservedGuard[] = [];
  /** Undefined: there are none, and applications are served as they are. */
  private readonly interfaces: ReservedInterfaces<Connection> | undefined;
  private readonly reflection: ReflectionOptions | undefined;
  private served: readonly App[] = [];

  private readonly administration: ServerAdministration | undefined;

  /**
   * @param options the options of the server
   * @param resolved the same after their check
   * @param routes the handlers
   * @param resolve provides the guards of classes
   * @param report gets an error that no caller is told of
   * @throws ConfigurationError for the class of a guard without JstpModule
   */
  constructor(
    private readonly options: JstpServerOptions,
    {
      reflection,
      administration,
      limits,
    }: Pick<ResolvedJstpServerOptions, 'reflection' | 'administration' | 'limits'>,
    private readonly routes: RouteTable,
    private readonly resolve: GuardClassResolver | undefined,
    private readonly report: (error: unknown) => void,
  ) {
    const interfaces = new Map<string, ReadonlyMap<string, ReservedMethod<Connection>>>();
    this.reflection = reflection;
    if (reflection) {
      const maxLength = Math.min(MAX_DESCRIPTION_LENGTH, limits.maxMessageBytes / 4);
      interfaces.set(REFLECTION_INTERFACE, this.reflectionOf(reflection, maxLength).methods);
    }
    const guard = this.guardOf(administration?.guard, 'administration.guard');
    if (guard) {
      this.administration = new ServerAdministration(guard);
      interfaces.set(ADMINISTRATION_INTERFACE, this.administration.methods);
    }
    if (interfaces.size > 0) this.interfaces = interfaces;
  }

  /** Makes what gets the details of what clients call, for one start of the server; undefined: nobody asks for them. */
  createDetails(): CallDetails | undefined {
    return this.administration?.createDetails();
  }

  /** The server begins to close. */
  closing(): void {
    this.administration?.closing();
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

  /** Describes an application that is served, whether the server has the option `reflection` or not. */
  async describe(
    { name, version }: Pick<App, 'name' | 'version'>,
    descriptions: ReflectionOptions['descriptions'] = {},
  ): Promise<ApplicationDescription> {
    const packages = await loadSchemaPackages();
    const { routes, options } = this;
    return describeApplication(
      {
        name,
        version,
        description: own(descriptions, `${name}@${version}`) ?? own(descriptions, name),
        routes: routes.find(name, version),
        core: [...this.coreApplications].find((core) => core.name === name && core.version === version),
        strategies: strategiesWithoutHandler(options, routes.hasHandshakes),
        isExtended: options.types === 'extended',
      },
      packages,
    );
  }

  /**
   * Describes one of applications.
   * @throws ConfigurationError where none has the name, or several are there and none is named
   */
  describeNamed(
    applications: readonly App[],
    application: string | undefined,
  ): Promise<ApplicationDescription> {
    const named = applications.filter(({ name, version }) =>
      [name, `${name}@${version}`, undefined].includes(application),
    );
    const known = applications.map(({ name, version }) => `${name}@${version}`).join(', ');
    check('application', application, `one of ${known}`, () => named.length === 1);
    return this.describe(named[0], this.reflection?.descriptions);
  }

  private reflectionOf({ guard, descriptions }: ReflectionOptions, maxLength: number): Reflection {
    return new Reflection({
      guard: this.guardOf(guard, 'reflection.guard'),
      introspection: this.options.introspection ?? 'all',
      applications: () => this.served,
      maxLength,
      describe: (application) => this.describe(application, descriptions),
      report: this.report,
    });
  }

  /** The core applications of the server. */
  private get coreApplications(): Iterable<App> {
    return flatten(this.options.applications ?? []);
  }
}

/** A text by a name. Why not read as it is: applications may be called `constructor`, and every object has that. */
function own(texts: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(texts, name) ? texts[name] : undefined;
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
