import { DEFAULT_PORT } from './variables.js';

/** Where a running service is called, and with which key. */
export interface ServiceAddress {
  readonly url: string;
  readonly key: string | null;
  /** A file that holds the key, where one is named. */
  readonly keyFile: string | null;
}

/** What the environment says to a client of the service; empty variables count as absent. */
export function serviceAddress(environment: NodeJS.ProcessEnv): ServiceAddress {
  const port = environment['PORT'] || String(DEFAULT_PORT);
  return {
    url: environment['EVERCOUNT_URL'] || `http://127.0.0.1:${port}`,
    key: environment['EVERCOUNT_KEY'] || null,
    keyFile: environment['EVERCOUNT_KEY_FILE'] || null,
  };
}

/** A Redis whose integers are to be imported: its URL, or a file that holds it; null where neither is set. */
export function importedRedis(
  environment: NodeJS.ProcessEnv,
): { readonly url: string } | { readonly file: string } | null {
  const [url, file] = [environment['EVERCOUNT_FROM_REDIS'] || null, environment['EVERCOUNT_FROM_REDIS_FILE'] || null];
  if (url !== null) return { url };
  return file === null ? null : { file };
}
