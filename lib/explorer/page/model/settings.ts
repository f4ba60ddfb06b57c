import type { ExplorerSettings } from '../../explorer-settings.js';
import { arrayOf, recordOf, textOf } from './untrusted.js';

/** Reads the settings that the page was served with. What they lack is as if there were nothing. */
export function readSettings(text: string | undefined): ExplorerSettings {
  let settings: unknown;
  try {
    settings = JSON.parse(text ?? '');
  } catch {
    // The page is served by something else than its module: a server's address is all that is missing then.
  }
  const { url, version, title, applications, reflection, administration } = recordOf(settings);
  return {
    url: typeof url === 'string' ? url : null,
    version: textOf(version, 100) ?? '',
    title: textOf(title, 100) ?? 'JSTP Explorer',
    applications: arrayOf(applications)
      .map(recordOf)
      .map((each) => ({
        name: textOf(each['name'], 300) ?? '',
        version: textOf(each['version'], 300) ?? '',
        ...(Array.isArray(each['handshakes']) && {
          handshakes: arrayOf(each['handshakes']).map((one) => ({
            ...recordOf(one),
            strategy: textOf(recordOf(one)['strategy'], 300) ?? '',
          })),
        }),
      })),
    reflection: reflection === true,
    administration: administration === true,
  };
}
