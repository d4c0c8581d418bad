import { useState } from 'preact/hooks';
import { ApiError } from '../service/api.js';

/**
 * Does what changes something, then what follows where it was done.
 *
 * @returns why the last one was refused, '' where it was not
 */
export function useAttempt(done: () => void): [string, (act: () => Promise<unknown>) => Promise<void>] {
  const [refusal, refuse] = useState('');
  const attempt = async (act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
      refuse('');
      done();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refuse(error.message);
    }
  };
  return [refusal, attempt];
}
