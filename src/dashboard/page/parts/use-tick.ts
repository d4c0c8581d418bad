import { useEffect, useReducer } from 'preact/hooks';
import { every } from './use-load.js';

/** Draws a part anew so often, while somebody looks: what it says of the time goes on. */
export function useTick(intervalMs: number): void {
  const [, tick] = useReducer<number, undefined>((count) => count + 1, 0);
  useEffect(() => every(intervalMs, () => tick(undefined)), [intervalMs]);
}
