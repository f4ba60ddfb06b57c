import type { ClientEventArguments, ClientStatus } from '../../connection/keeper/client-events.js';

/** The status of a client: 'connected' while it is logged in. */
export type JstpClientStatus = ClientStatus;

/** The events of a client and the arguments of their listeners. */
export type JstpClientEventArguments = ClientEventArguments;

/** The events of a client, as listeners for `on`. */
export type JstpClientEvents = {
  [Name in keyof JstpClientEventArguments]: (...args: JstpClientEventArguments[Name]) => void;
};
