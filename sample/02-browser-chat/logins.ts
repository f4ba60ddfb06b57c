import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** The name of the cookie. */
export const LOGIN_COOKIE = 'login';
/** How long a login is valid. */
export const LOGIN_MS = 24 * 60 * 60 * 1000;

/** For the example only. A real one is a secret of the server's, and stays the same when it starts anew. */
const SECRET = process.env.COOKIE_SECRET ?? 'not a secret';

/** Makes the texts of cookies that say who has logged in, and until when. Nobody else can make them. */
@Injectable()
export class Logins {
  tokenFor(name: string): string {
    const claim = `${Buffer.from(name).toString('base64url')}.${Date.now() + LOGIN_MS}`;
    return `${claim}.${signatureOf(claim)}`;
  }

  /** Whom a cookie stands for; undefined for one that is not ours, or too old. */
  nameOf(token: string | undefined): string | undefined {
    const [name, expires, signature] = token?.split('.') ?? [];
    if (!name || !expires || !signature) return undefined;
    const expected = Buffer.from(signatureOf(`${name}.${expires}`));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    return Number(expires) > Date.now() ? Buffer.from(name, 'base64url').toString() : undefined;
  }
}

function signatureOf(claim: string): string {
  return createHmac('sha256', SECRET).update(claim).digest('base64url');
}
