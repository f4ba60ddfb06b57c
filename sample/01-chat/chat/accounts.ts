import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

interface Account {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const hashOf = promisify<string, Buffer, number, Buffer>(scrypt);

async function account(password: string): Promise<Account> {
  const salt = randomBytes(16);
  return { salt, hash: await hashOf(password, salt, 32) };
}

/** Who may log in. A real service would ask its database, which keeps salts and hashes. */
const ACCOUNTS = new Map([
  ['alice', account('wonderland')],
  ['bob', account('builder')],
  ['gateway', account('internal')],
  ['admin', account('teapot')],
]);
/** Compared with where nobody has the name. Why: a refusal takes as long then, and does not tell which names there are. */
const NOBODY = account(randomBytes(16).toString('hex'));

export async function isAccount(login: string, password: string): Promise<boolean> {
  const known = ACCOUNTS.get(login);
  const { salt, hash } = await (known ?? NOBODY);
  const isRight = timingSafeEqual(await hashOf(password, salt, 32), hash);
  return isRight && known !== undefined;
}
