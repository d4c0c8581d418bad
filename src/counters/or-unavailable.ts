import { StoreFailure } from '../store/failure.js';
import { Unavailable } from './errors.js';

/**
 * What a reading of the truth answers.
 *
 * @throws Unavailable where Postgres did not answer it
 */
export async function orUnavailable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StoreFailure) throw new Unavailable('Postgres cannot be reached.');
    throw error;
  }
}
