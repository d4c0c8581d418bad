import { refusalOf, StoreFailure } from '../store/failure.js';
import { Unavailable } from '../domain/errors.js';

/**
 * What a reading of the truth answers.
 *
 * @param what for clients, the beginning of a sentence: what cannot be done without it
 * @throws Unavailable where Postgres did not answer it; with the cause, for the log
 */
export async function orUnavailable<T>(read: () => Promise<T>, what = ''): Promise<T> {
  try {
    return await read();
  } catch (error) {
    // What it rejects because of what was asked is a fault of this service: every request was looked at before.
    if (!(error instanceof StoreFailure) || error.fate === 'rejected') throw error;
    const reason = refusalOf(error) === null ? 'cannot be reached' : 'refuses it';
    throw new Unavailable(`${what}Postgres ${reason}.`, 1, { cause: error });
  }
}
