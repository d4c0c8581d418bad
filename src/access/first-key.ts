import type { AccessSettings } from '../config/config.js';
import type { KeyAdministration } from './key-administration.js';

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
  return (await administration.createFirst())?.key ?? null;
}
