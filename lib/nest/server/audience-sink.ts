import type { UserSink } from '../../server/rooms/audience.js';
import type { Rooms } from '../../server/rooms/rooms.js';
import { messageOf } from '../jstp-record.js';

/** Sends to the clients of one server. @param server its rooms are there from `listen` on */
export function audienceSinkOf(server: { readonly rooms: Rooms }): UserSink<void> {
  return {
    emit: (selection, interfaceName, event, given) => {
      const { args, options } = messageOf(given);
      server.rooms.emit(selection, interfaceName, event, args, options?.metadata);
    },
    call: async (selection, interfaceName, method, given) => {
      const { args, options } = messageOf(given);
      return server.rooms.call(selection, interfaceName, method, args, options);
    },
  };
}
