/** Where the shop listens; change it by the environment if it is taken. */
export const port = Number(process.env.PORT ?? 3004);
