import type { PageClientStatus, PageLogin } from '../../../browser.js';
import type { ExplorerSettings } from '../../explorer-settings.js';
import {
  emptyCatalogue,
  findMember,
  readDescription,
  withInspected,
  type Catalogue,
  type MemberEntry,
} from '../model/catalogue.js';
import type { ShownLogin } from '../model/copy-as.js';
import { errorLine, describeError, type ShownError } from '../model/errors.js';
import type { History } from '../model/history.js';
import { Store } from '../model/store.js';
import { Traffic } from '../model/traffic.js';
import { arrayOf, recordOf, textOf } from '../model/untrusted.js';
import type { RunHost } from './call-run.js';
import { EventLog } from './event-log.js';
import { Live } from './live.js';
import { Notices } from './notices.js';
import { inspectMethods, type createTappedClient, type ExplorerClient } from './tapped-client.js';
import { Workbench } from './workbench.js';

/** The parts of the page. */
export const TABS = ['call', 'events', 'traffic', 'live'] as const;
export type Tab = (typeof TABS)[number];

/** Which application, and who asks for it. */
export interface LoginRequest {
  readonly app: string;
  readonly version: string;
  readonly login: PageLogin | null;
}

/** What the page needs of its host. */
export interface ExplorerHost extends RunHost {
  readonly settings: ExplorerSettings;
  /** The whole URL of the server's WebSocket listener. */
  readonly url: string;
  /** The time of day, in milliseconds since 1970. */
  today(): number;
  readonly history: History;
  readonly createClient: typeof createTappedClient;
}

/** Values that a server may send ahead of what was read: few, so that a pause is one. */
const STREAM_CREDIT = 16;
const REFLECTION_INTERFACE = 'jstp.reflection';
const MAX_APPLICATIONS = 200;

/** All that the page shows, without how it shows it. */
export class Explorer {
  readonly screen = new Store<'login' | 'main'>('login');
  readonly tab = new Store<Tab>('call');
  readonly status = new Store<PageClientStatus>('idle');
  readonly loginError = new Store<ShownError | undefined>(undefined);
  readonly isLoggingIn = new Store(false);
  readonly catalogue = new Store<Catalogue>(emptyCatalogue('', ''));
  readonly isLoading = new Store(false);
  readonly applications = new Store<readonly { readonly name: string; readonly version: string }[]>([]);
  readonly notices = new Notices();
  readonly workbench = new Workbench();
  readonly traffic: Traffic;
  readonly events: EventLog;
  readonly live: Live;
  readonly history: History;
  /** What the descriptions of applications have told about the ways to log in, by `name@version`. */
  private readonly told = new Map<string, Catalogue>();
  /** The member that a link has named, before its application is there. */
  private wanted: Pick<MemberEntry, 'kind' | 'interfaceName' | 'name'> | undefined;
  private current: { readonly client: ExplorerClient; readonly request: LoginRequest } | undefined;

  constructor(readonly host: ExplorerHost) {
    this.traffic = new Traffic(() => host.today());
    this.events = new EventLog(() => host.today());
    this.live = new Live(() => this.client);
    this.history = host.history;
    this.applications.set(host.settings.applications);
  }

  get client(): ExplorerClient | undefined {
    return this.current?.client;
  }

  /** The application as `name@version`. */
  get app(): string {
    const { request } = this.current ?? {};
    if (!request) return '';
    const version = request.version || this.catalogue.value.version;
    return version === '' ? request.app : `${request.app}@${version}`;
  }

  /** Who is logged in, without the secrets. */
  get shownLogin(): ShownLogin {
    const login = this.current?.request.login ?? null;
    if (login === null) return { kind: 'anonymous' };
    return 'strategy' in login
      ? { kind: 'strategy', strategy: login.strategy }
      : { kind: 'login', name: login.name };
  }

  /** Logs in, and asks what there is. The secrets stay in this object, to log in again where the session is lost. */
  async logIn(request: LoginRequest): Promise<void> {
    if (this.isLoggingIn.value) return;
    this.isLoggingIn.set(true);
    this.loginError.set(undefined);
    const { app: name, version, login } = request;
    try {
      const client = this.host.createClient(
        {
          url: this.host.url,
          app: version === '' ? name : { name, version },
          login,
          limits: { streamCredit: STREAM_CREDIT },
        },
        this.tap,
      );
      this.listen(client);
      try {
        await client.connect();
      } catch (error) {
        void client.close();
        throw error;
      }
      this.forget();
      this.current = { client, request };
      this.status.set(client.status);
      this.catalogue.set(emptyCatalogue(name, version));
      this.screen.set('main');
      await this.load();
    } catch (error) {
      this.loginError.set(describeError(error));
      if (this.screen.value === 'main') this.notices.say(`${name}: ${errorLine(error)}`, 'bad');
    } finally {
      this.isLoggingIn.set(false);
    }
  }

  /** Logs in to another application, as the one who is logged in. */
  async switchApplication(app: string, version: string): Promise<void> {
    const login = this.current?.request.login ?? null;
    await this.logIn({ app, version, login });
  }

  /** What is known about an application from an earlier login of this page. */
  toldOf(name: string, version: string): Catalogue | undefined {
    return this.told.get(`${name}@${version}`);
  }

  logOut(): void {
    this.forget();
    this.screen.set('login');
    this.loginError.set(undefined);
  }

  /** Asks the server what the application has. */
  async load(): Promise<void> {
    const { client } = this;
    if (!client) return;
    this.isLoading.set(true);
    try {
      const description = await client.call(REFLECTION_INTERFACE, 'describe');
      if (client !== this.client) return;
      const catalogue = readDescription(description);
      this.catalogue.set(catalogue);
      this.told.set(`${catalogue.name}@${catalogue.version}`, catalogue);
      const served = arrayOf(await client.call(REFLECTION_INTERFACE, 'applications'));
      const applications = served.slice(0, MAX_APPLICATIONS).map(recordOf);
      this.applications.set(
        applications.map(({ name, version }) => ({
          name: textOf(name) ?? '',
          version: textOf(version) ?? '',
        })),
      );
    } catch {
      // A server without reflection: its interfaces are typed by hand, and inspected.
    } finally {
      if (client === this.client) {
        this.isLoading.set(false);
        this.openWanted();
      }
    }
  }

  /** Asks for the methods of an interface by its name. @returns what is wrong with it */
  async inspect(interfaceName: string): Promise<ShownError | undefined> {
    const { client } = this;
    if (!client) return describeError(new Error('There is no connection to the server'));
    try {
      const methods = await inspectMethods(client, interfaceName);
      if (client === this.client)
        this.catalogue.update((catalogue) => withInspected(catalogue, interfaceName, methods));
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  }

  /** Shows a method or event. */
  open(member: MemberEntry): void {
    this.workbench.open(member, this.catalogue.value);
    this.tab.set('call');
  }

  /** Shows what a link names, as soon as it is there. */
  want(member: Pick<MemberEntry, 'kind' | 'interfaceName' | 'name'>): void {
    this.wanted = member;
    if (!this.isLoading.value) this.openWanted();
  }

  private openWanted(): void {
    const found = this.wanted && findMember(this.catalogue.value, this.wanted);
    if (!found) return;
    this.wanted = undefined;
    this.open(found);
  }

  private forget(): void {
    const { client } = this.current ?? {};
    this.current = undefined;
    this.live.clear();
    this.workbench.clear();
    this.events.clear();
    void client?.close();
  }

  private listen(client: ExplorerClient): void {
    const isCurrent = (): boolean => client === this.client;
    client.on('status', (status) => {
      if (isCurrent()) this.status.set(status);
    });
    client.on('close', () => {
      if (isCurrent()) this.notices.say('The connection is lost', 'bad');
    });
    client.on('reconnect', (isResumed) => {
      if (!isCurrent()) return;
      if (isResumed) this.notices.say('The session is resumed: nothing was lost', 'good');
      else this.notices.say('Logged in anew, with a new session', 'plain');
    });
    client.on('sessionLost', () => {
      if (isCurrent()) this.notices.say('The session is lost: the server does not know it any more', 'bad');
    });
    client.on('sessionTaken', () => {
      if (isCurrent()) this.notices.say('Another client has taken the session', 'bad');
    });
    client.on('refused', (error) => {
      if (isCurrent()) this.notices.say(`The server refuses the login: ${errorLine(error)}`, 'bad');
    });
    // Why: without a listener the client writes to the console what is shown here.
    client.on('error', () => {});
  }

  private readonly tap = {
    message: (direction: 'in' | 'out', message: unknown): void => {
      this.traffic.add(direction, message);
    },
    event: (interfaceName: string, event: string, args: readonly unknown[]): void => {
      this.events.add(interfaceName, event, args);
    },
  };
}
