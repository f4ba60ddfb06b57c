import type { ApplicationLike } from '../../application/application.js';
import { LocalCall } from '../../application/local-call.js';
import type { ReservedMethod } from '../../application/reserved-application.js';
import type { Connection } from '../../connection/connection.js';
import {
  ERR_INTERFACE_NOT_FOUND,
  ERR_INTERNAL_API_ERROR,
  ERR_INVALID_SIGNATURE,
} from '../../protocol/error-codes.js';
import { WrittenValue } from '../../protocol/written-value.js';
import type { ApplicationDescription } from '../../reflection/application-description.js';
import { namesOf, withoutSchemas } from '../../reflection/shorten.js';
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
  /** The length of the longest description, in UTF-16 units: a longer one is sent without schemas, or as names alone. */
  readonly maxLength: number;
  /** The applications that are served. */
  readonly applications: () => Iterable<App>;
  /** Describes an application. Its answer is kept for as long as the application is served. */
  readonly describe: (application: App) => Promise<ApplicationDescription>;
  /** Gets what callers are not told. */
  readonly report: (problem: unknown) => void;
}

type Answer = WrittenValue | Promise<WrittenValue>;

/** The reserved interface `jstp.reflection`. */
export class Reflection {
  readonly methods: ReadonlyMap<string, ReservedMethod<Connection>> = new Map([
    ['describe', this.methodOf((application) => this.described(application))],
    ['applications', this.methodOf(() => this.served())],
  ]);
  /** Why kept as text: a peer may ask again and again. */
  private readonly descriptions = new WeakMap<App, Promise<WrittenValue>>();

  constructor(private readonly settings: ReflectionSettings) {}

  private methodOf(answer: (application: App) => Answer): ReservedMethod<Connection> {
    return (call, application) => {
      if (!this.mayAsk(call)) {
        // As for an interface that there is not: who may not see names does not see that there are any.
        call.fail(ERR_INTERFACE_NOT_FOUND);
        return undefined;
      }
      const served = this.serve(call, () => answer(application));
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

  private async serve(call: NestCall, answer: () => Answer): Promise<void> {
    const { guard } = this.settings;
    if (guard && !(await guard.allows(call))) return;
    if (call.args.length > 0) {
      call.fail(ERR_INVALID_SIGNATURE);
      return;
    }
    try {
      const written = await answer();
      call.succeed([call instanceof LocalCall ? written.value : written]);
    } catch {
      // Reported once, where it was made.
      call.fail(ERR_INTERNAL_API_ERROR);
    }
  }

  private described(application: App): Promise<WrittenValue> {
    let known = this.descriptions.get(application);
    if (!known) {
      known = this.describe(application);
      known.catch(this.settings.report);
      this.descriptions.set(application, known);
    }
    return known;
  }

  private async describe(application: App): Promise<WrittenValue> {
    const { describe, maxLength, report } = this.settings;
    const description = await describe(application);
    const written = new WrittenValue(description);
    if (written.text.length <= maxLength) return written;
    const shorter = new WrittenValue(withoutSchemas(description));
    const { name, version } = application;
    const tooLong = `The description of ${name}@${version} has ${written.text.length} characters, of which ${maxLength} are sent`;
    if (shorter.text.length <= maxLength) {
      report(`${tooLong}: its clients get it without schemas`);
      return shorter;
    }
    report(`${tooLong}: its clients get its names alone`);
    return new WrittenValue(namesOf(description));
  }

  private served(): WrittenValue {
    const applications = [...this.settings.applications()];
    return new WrittenValue(applications.map(({ name, version }) => ({ name, version })));
  }
}
