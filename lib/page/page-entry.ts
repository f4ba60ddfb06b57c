import type { ClientParts } from '../connection/client-parts.js';
import { connectAs } from '../connection/connect-as.js';
import type { Connection } from '../connection/connection.js';
import { controlOf } from '../connection/control.js';
import type { KeptClient, KeptEntry } from '../connection/keeper/keeper-options.js';
import type { ResolvedClient } from '../connection/resolved-client.js';
import { LiveSession } from '../session/live-session.js';
import { browserDialer } from '../transport/browser/browser-dialer.js';
import { bindContext, runInRootContext } from '../util/async-context.js';
import type { Callback } from '../util/callback.js';
import { TimeAccount } from '../util/waiting-line.js';

/** One for all connections of a page: it is not told the addresses of its peers. */
const account = /* @__PURE__ */ new TimeAccount();

const PARTS: ClientParts = { SessionClass: LiveSession, timeAccountOf: () => account };

/** Connects a page's client. Unlike `connect` of the transport it takes a keeper's options alone, which are checked. */
export const PAGE_ENTRY: KeptEntry = {
  connect(app, client, ...args) {
    const done = bindContext(args.pop() as Callback);
    const dialedAs = { app, transportName: 'ws', args };
    runInRootContext(connectAs, dialedAs, resolved(client), browserDialer, done);
  },
  reconnect(connection: Connection, ...args) {
    const done = bindContext(args.pop() as Callback);
    runInRootContext(() => {
      controlOf(connection).redial(browserDialer, args, done);
    });
  },
};

function resolved(client: KeptClient): ResolvedClient {
  return {
    client,
    application: client.application,
    connectPolicy: client.connectPolicy,
    heartbeatInterval: client.heartbeatInterval || undefined,
    session: undefined,
    // Its keeper dials.
    createComeback: undefined,
    logger: undefined,
    limits: client.limits,
    extensions: client.extensions,
    dialArguments: undefined,
    parts: PARTS,
  };
}
