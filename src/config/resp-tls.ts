import { createSecureContext } from 'node:tls';
import type { Values } from './variables.js';

/**
 * What the Redis protocol shows over TLS; null where nothing is given. `faults` gets a line where only one of the two is
 * given, and where they are no pair: at the first connection would be too late to find out.
 */
export function respTls(values: Values, faults: string[]): { readonly cert: string; readonly key: string } | null {
  const { RESP_TLS_CERT: cert, RESP_TLS_KEY: key } = values;
  if (!('RESP_TLS_CERT' in values) !== !('RESP_TLS_KEY' in values)) {
    const missing = 'RESP_TLS_KEY' in values ? 'RESP_TLS_CERT' : 'RESP_TLS_KEY';
    faults.push(`${missing}: got nothing; takes the other half of RESP_TLS_CERT and RESP_TLS_KEY`);
  }
  if (cert === undefined || key === undefined) return null;
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const { message } = error as Error;
    faults.push(`RESP_TLS_KEY: got a key that is not of RESP_TLS_CERT, or one that cannot be read (${message})`);
  }
  return { cert, key };
}
