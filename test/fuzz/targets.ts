import { ClientTarget } from './client-target.js';
import { NUL_FRAMING, webSocketFraming } from './framing.js';
import { FramingTarget } from './framing-target.js';
import { MdsfTarget } from './mdsf-target.js';
import { MessageTarget } from './message-target.js';
import { ServerTarget } from './server-target.js';
import type { Target } from './target.js';

/**
 * Makes the targets, by their names.
 * @param isThorough whether inputs are checked in all ways, which takes more time
 */
export const TARGETS: Readonly<Record<string, (isThorough: boolean) => Target>> = {
  mdsf: (isThorough) => new MdsfTarget(isThorough),
  message: () => new MessageTarget(),
  framing: () => new FramingTarget(),
  server: () => new ServerTarget('server', 'net', NUL_FRAMING),
  'ws-server': () => new ServerTarget('ws-server', 'ws', webSocketFraming(true)),
  client: () => new ClientTarget('client', 'net', NUL_FRAMING),
  'ws-client': () => new ClientTarget('ws-client', 'ws', webSocketFraming(false)),
};
