import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Post,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { isAccount } from '../01-chat/chat/accounts.js';
import { LOGIN_COOKIE, LOGIN_MS, Logins } from './logins.js';

/** No script can read it, and no page of another site gets it sent. With https, `secure: true` belongs here. */
const COOKIE = { httpOnly: true, sameSite: 'strict', path: '/' } as const;

/** What is used of Express's response. */
interface CookieResponse {
  cookie(name: string, value: string, options: object): void;
  clearCookie(name: string, options: object): void;
}

/** Logs in and out by HTTP: the browser keeps a cookie, which it sends with the request for the WebSocket. */
@Controller('login')
export class LoginController {
  constructor(private readonly logins: Logins) {}

  /** Who is logged in, after the page was loaded anew. */
  @Get()
  who(@Headers('cookie') header = ''): { name: string | null } {
    const cookie = new RegExp(`(?:^|; )${LOGIN_COOKIE}=([^;]+)`).exec(header);
    return { name: this.logins.nameOf(cookie?.[1]) ?? null };
  }

  @Post()
  @HttpCode(204)
  async logIn(@Body() body: unknown, @Res({ passthrough: true }) response: CookieResponse): Promise<void> {
    const { name, password } = (body ?? {}) as Record<string, unknown>;
    const isRight =
      typeof name === 'string' && typeof password === 'string' && (await isAccount(name, password));
    if (!isRight) throw new UnauthorizedException();
    response.cookie(LOGIN_COOKIE, this.logins.tokenFor(name), { ...COOKIE, maxAge: LOGIN_MS });
  }

  @Delete()
  @HttpCode(204)
  logOut(@Res({ passthrough: true }) response: CookieResponse): void {
    response.clearCookie(LOGIN_COOKIE, COOKIE);
  }
}
