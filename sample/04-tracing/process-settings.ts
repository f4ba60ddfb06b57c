const [, , name = 'main', port = '0'] = process.argv;

/** Which of the services this process is: the first argument. */
export const serviceName = name;

/** The port of the service that this one calls: the second argument; 0 where it calls none. */
export const calledPort = Number(port);

/** Tells the process that has started this one where the service listens. */
export function tellReady(listensAt: number): void {
  process.send?.({ port: listensAt });
}
