import { readFileSync } from 'node:fs';

/** @param {string} file */
function read(file) {
  return readFileSync(new URL(`../../support/certificates/${file}`, import.meta.url), 'utf8');
}

/** What a server on TLS needs. */
export const serverCertificate = () => ({ key: read('server.key'), cert: read('server.crt') });

/** What its client needs. */
export const authority = () => ({ ca: read('ca.crt') });
