import path from 'node:path';
import { start } from './server/start.js';

/** The sample's folder: this file is compiled into dist. */
const folder = path.resolve(import.meta.dirname, '..');

async function main(): Promise<void> {
  const app = await start(Number(process.env.PORT ?? 3007), [
    path.join(folder, 'public'),
    path.join(folder, 'dist/page'),
  ]);
  console.log(`The chat is at ${await app.getUrl()}: open it twice. Ctrl-C stops it.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close());
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
