/** Where the chat listens; change it by the environment. HOST=0.0.0.0 lets a phone in the same network in. */
export const address = {
  host: process.env.HOST ?? '127.0.0.1',
  port: Number(process.env.PORT ?? 3002),
};
