/** The cookie of the login, which the browser keeps and sends. No script can read it. */

/** Whom the page is logged in as already; null: nobody. */
export async function loggedIn(): Promise<string | null> {
  const response = await fetch('/login');
  const { name } = (await response.json()) as { name: string | null };
  return name;
}

/** @returns whether name and password are right */
export async function logIn(name: string, password: string): Promise<boolean> {
  const response = await fetch('/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });
  if (!response.ok && response.status !== UNAUTHORIZED) throw new Error(`The server says ${response.status}`);
  return response.ok;
}

/** Without the server, the cookie stays until it is too old. */
export async function logOut(): Promise<void> {
  await fetch('/login', { method: 'DELETE' });
}

const UNAUTHORIZED = 401;
