/** Who may log in. A real service would ask its database, and keep hashes. */
const PASSWORDS = new Map([
  ['alice', 'wonderland'],
  ['bob', 'builder'],
  ['gateway', 'internal'],
]);

export function isAccount(login: unknown, password: unknown): login is string {
  return typeof login === 'string' && PASSWORDS.get(login) === password;
}
