import type { ApplicationLike } from '../../application/application.js';
import type { ReservedMethod } from '../../application/reserved-application.js';
import type { Connection } from '../../connection/connection.js';
import { ERR_INTERFACE_NOT_FOUND, ERR_INVALID_SIGNATURE } from '../../protocol/error-codes.js';
import type { ApplicationDescription, ServedApplication } from '../../reflection/application-description.js';
import type { Introspection } from '../../server/server-options.js';
import type { NestCall } from '../handling/answering.js';
import type { ReservedGuard } from '../server/reserved-guard.js';

type App = ApplicationLike<Connection>;

/** What the reserved interface `jstp.reflection` needs of its server. */
export interface ReflectionSettings {
  /** Decides on each call; undefined: {@link introspection} does. */
  readonly guard: ReservedGuard | undefined;
  /** Who may see the names of methods. */
  readonly introspection: Introspection;
  /** The applications that are served. */
  readonly applications: () => Iterable<App>;
  /** Describes an application. Its answer is kept for as long as the application is served. */
  readonly describe: (application: App) => ApplicationDescription;
}

/** The reserved interface `jstp.reflection`. */
export class Reflection {
  readonly methods: ReadonlyMap<string, ReservedMethod<Connection>> = new Map([
    ['describe', this.methodOf((application) => this.described(application))],
    ['applications', this.methodOf(() => this.served())],
  ]);
  private readonly descriptions = new WeakMap<App, ApplicationDescription>();

  constructor(private readonly settings: ReflectionSettings) {}

  private methodOf(answer: (application: App) => unknown): ReservedMethod<Connection> {
    return (call, application) => {
      const { guard } = this.settings;
      if (!this.mayAsk(call)) {
        // As for an interface that there is not: who may not see names does not see that there are any.
        call.fail(ERR_INTERFACE_NOT_FOUND);
        return undefined;
      }
      if (!guard) {
        succeed(call, application, answer);
        return undefined;
      }
      const served = guard.allows(call).then((isAllowed) => {
        if (isAllowed) succeed(call, application, answer);
      });
      call.runsUntil?.(served);
      return served;
    };
  }

  private mayAsk({ connection }: NestCall): boolean {
    const { introspection, guard } = this.settings;
    if (introspection === 'authenticated') return connection.username !== null;
    // With 'none' there is a guard, whose word is the only one.
    return introspection === 'all' || guard !== undefined;
  }

  private described(application: App): ApplicationDescription {
    let known = this.descriptions.get(application);
    if (!known) {
      known = this.settings.describe(application);
      this.descriptions.set(application, known);
    }
    return known;
  }

  private served(): ServedApplication[] {
    return [...this.settings.applications()].map(({ name, version }) => ({ name, version }));
  }
}

function succeed(call: NestCall, application: App, answer: (application: App) => unknown): void {
  if (call.args.length > 0) call.fail(ERR_INVALID_SIGNATURE);
  else call.succeed([answer(application)]);
}
