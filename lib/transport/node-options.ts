import type { ServerOptions as HttpOptions } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { IpcNetConnectOpts, ServerOpts, TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions, TlsOptions } from 'node:tls';
import type { ClientOptions as WebSocketClientOptions } from 'ws';
import type { PassedNames } from '../protocol/option-checks.js';

// Why these lists: Node ignores option names that it does not know, and so hides misspelt ones. The compiler compares each
// list with Node's types, and a test with the names that the running Node reads. The lists `LATER_...` hold what the
// types of Node 20 lack.

type Names<Options> = Readonly<Record<keyof Options, true>>;

/** Options of a TLS context, for servers and clients. */
const SECURE_CONTEXT = {
  ALPNCallback: true,
  allowPartialTrustChain: true,
  ca: true,
  cert: true,
  ciphers: true,
  clientCertEngine: true,
  crl: true,
  dhparam: true,
  ecdhCurve: true,
  honorCipherOrder: true,
  key: true,
  maxVersion: true,
  minVersion: true,
  passphrase: true,
  pfx: true,
  privateKeyEngine: true,
  privateKeyIdentifier: true,
  secureOptions: true,
  secureProtocol: true,
  sessionIdContext: true,
  sessionTimeout: true,
  sigalgs: true,
  ticketKeys: true,
} as const;

const NET_SERVER: Names<ServerOpts> = {
  allowHalfOpen: true,
  highWaterMark: true,
  keepAlive: true,
  keepAliveInitialDelay: true,
  noDelay: true,
  pauseOnConnect: true,
};

const TLS_SERVER: Names<TlsOptions> = {
  ...NET_SERVER,
  ...SECURE_CONTEXT,
  ALPNProtocols: true,
  SNICallback: true,
  enableTrace: true,
  handshakeTimeout: true,
  pskCallback: true,
  pskIdentityHint: true,
  rejectUnauthorized: true,
  requestCert: true,
  secureContext: true,
};

const HTTP_SERVER: Names<HttpOptions> = {
  IncomingMessage: true,
  ServerResponse: true,
  connectionsCheckingInterval: true,
  headersTimeout: true,
  highWaterMark: true,
  insecureHTTPParser: true,
  joinDuplicateHeaders: true,
  keepAlive: true,
  keepAliveInitialDelay: true,
  keepAliveTimeout: true,
  maxHeaderSize: true,
  noDelay: true,
  rejectNonStandardBodyWrites: true,
  requestTimeout: true,
  requireHostHeader: true,
  uniqueHeaders: true,
};

const NET_CLIENT: Names<TcpNetConnectOpts> & Names<IpcNetConnectOpts> = {
  allowHalfOpen: true,
  autoSelectFamily: true,
  autoSelectFamilyAttemptTimeout: true,
  family: true,
  fd: true,
  hints: true,
  host: true,
  keepAlive: true,
  keepAliveInitialDelay: true,
  localAddress: true,
  localPort: true,
  lookup: true,
  noDelay: true,
  onread: true,
  path: true,
  port: true,
  readable: true,
  signal: true,
  timeout: true,
  writable: true,
};

const TLS_CLIENT: Names<ConnectionOptions> = {
  ...NET_CLIENT,
  ...SECURE_CONTEXT,
  ALPNProtocols: true,
  SNICallback: true,
  checkServerIdentity: true,
  enableTrace: true,
  minDHSize: true,
  pskCallback: true,
  rejectUnauthorized: true,
  requestCert: true,
  secureContext: true,
  servername: true,
  session: true,
  socket: true,
};

const WEB_SOCKET_CLIENT: Names<WebSocketClientOptions> & Names<RequestOptions> = {
  ...TLS_CLIENT,
  _defaultAgent: true,
  agent: true,
  allowSynchronousEvents: true,
  auth: true,
  autoPong: true,
  createConnection: true,
  defaultPort: true,
  family: true,
  finishRequest: true,
  followRedirects: true,
  generateMask: true,
  handshakeTimeout: true,
  headers: true,
  hints: true,
  hostname: true,
  insecureHTTPParser: true,
  joinDuplicateHeaders: true,
  localAddress: true,
  localPort: true,
  maxBufferedChunks: true,
  maxFragments: true,
  maxHeaderSize: true,
  maxPayload: true,
  maxRedirects: true,
  method: true,
  origin: true,
  perMessageDeflate: true,
  protocol: true,
  protocolVersion: true,
  setHost: true,
  signal: true,
  skipUTF8Validation: true,
  socketPath: true,
  uniqueHeaders: true,
};

const LATER_NET = ['blockList'];
const LATER_NET_CLIENT = [...LATER_NET, 'handle', 'typeOfService'];
const LATER_TLS = ['certificateCompression', 'requestOCSP'];
const LATER_HTTP = [
  'httpValidation',
  'keepAliveTimeoutBuffer',
  'optimizeEmptyRequests',
  'shouldUpgradeCallback',
];
const LATER_WEB_SOCKET = [
  'closeTimeout',
  'highWaterMark',
  'httpValidation',
  'maxPendingAutoPongs',
  'setDefaultHeaders',
  'tlsOptions',
];

/** The options of Node's servers, by the transport that makes one. */
export const SERVER_NAMES = {
  net: passed("Node's net.createServer", NET_SERVER, LATER_NET),
  tls: passed("Node's tls.createServer", TLS_SERVER, LATER_NET, LATER_TLS),
  ws: passed("Node's http.createServer", HTTP_SERVER, LATER_HTTP),
  wss: passed(
    "Node's https.createServer",
    { ...TLS_SERVER, ...HTTP_SERVER },
    LATER_NET,
    LATER_TLS,
    LATER_HTTP,
  ),
} as const;

/** The options of Node's clients and of the client of `ws`, by transport. */
export const CLIENT_NAMES = {
  net: passed("Node's net.connect", NET_CLIENT, LATER_NET_CLIENT),
  tls: passed("Node's tls.connect", TLS_CLIENT, LATER_NET_CLIENT, LATER_TLS),
  ws: passed('the WebSocket of ws', WEB_SOCKET_CLIENT, LATER_NET_CLIENT, LATER_TLS, LATER_WEB_SOCKET),
} as const;

function passed(whose: string, names: object, ...later: readonly string[][]): PassedNames {
  return { whose, names: [...Object.keys(names), ...later.flat()] };
}
