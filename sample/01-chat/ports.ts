/** Where the two services listen, and the explorer of the first; change them by the environment if they are taken. */
export const ports = {
  chat: Number(process.env.CHAT_PORT ?? 3000),
  http: Number(process.env.HTTP_PORT ?? 3001),
  explorer: Number(process.env.EXPLORER_PORT ?? 3003),
};
