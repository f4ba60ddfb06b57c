import type { CommandEntry } from './command.js';

/** The commands in the order of the help. Each is loaded when it is called: none waits for another one's code. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  inspect: {
    summary: 'Show what a server offers: interfaces, methods and events.',
    load: async () => (await import('./commands/inspect.js')).inspectCommand,
  },
  call: {
    summary: 'Call a method, and print its result or the values of its stream.',
    load: async () => (await import('./commands/call.js')).callCommand,
  },
  emit: {
    summary: 'Send an event.',
    load: async () => (await import('./commands/emit.js')).emitCommand,
  },
  listen: {
    summary: 'Print the events that a server sends.',
    load: async () => (await import('./commands/listen.js')).listenCommand,
  },
  ping: {
    summary: 'Measure how long a server takes to answer.',
    load: async () => (await import('./commands/ping.js')).pingCommand,
  },
  types: {
    summary: 'Print the TypeScript types of an application.',
    load: async () => (await import('./commands/types.js')).typesCommand,
  },
  asyncapi: {
    summary: 'Print the AsyncAPI document of an application.',
    load: async () => (await import('./commands/asyncapi.js')).asyncApiCommand,
  },
  bench: {
    summary: 'Call a method again and again, and measure.',
    load: async () => (await import('./commands/bench.js')).benchCommand,
  },
  repl: {
    summary: 'Talk to a server line by line.',
    load: async () => (await import('./commands/repl.js')).replCommand,
  },
  tap: {
    summary: 'Stand between clients and a server, and print what they say.',
    load: async () => (await import('./commands/tap.js')).tapCommand,
  },
  completion: {
    summary: 'Print the script that completes commands and options in a shell.',
    load: async () => (await import('./commands/completion.js')).completionCommand(COMMANDS),
  },
};
