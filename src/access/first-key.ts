import { setTimeout as delay } from 'node:timers/promises';
import type { AccessSettings } from '../config/config.js';
import { StoreFailure } from '../store/failure.js';
import type { FirstKey, KeyAdministration } from './key-administration.js';

/** Many instances that start at once keep each other waiting; each try takes some seconds at most. */
const ATTEMPTS = 5;
const RETRY_MS = 500;

/**
 * Where keys are asked for and the configuration brings none, a deployment that never had a key gets one.
 *
 * @returns the key, to be shown to whoever starts the service, once; null: there is none to show
 * @throws StoreFailure
 */
export async function firstKey(
  { auth, adminKey }: AccessSettings,
  administration: KeyAdministration,
): Promise<string | null> {
  if (auth === 'off' || adminKey !== null) return null;
  return (await createFirst(administration))?.key ?? null;
}

async function createFirst(administration: KeyAdministration): Promise<FirstKey | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await administration.createFirst();
    } catch (error) {
      // Only where nothing was written: a key that nobody was shown would stay the first.
      if (!(error instanceof StoreFailure) || error.fate === 'unknown' || attempt === ATTEMPTS) throw error;
      await delay(RETRY_MS);
    }
  }
}
