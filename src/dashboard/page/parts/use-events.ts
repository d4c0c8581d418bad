import { useEffect } from 'preact/hooks';
import { feed } from '../service/live-feed.js';

const NOBODY = { anew: () => undefined, snapshot: () => undefined, change: () => undefined };

/** For pages without counters: what is wrong, and what happens, is told there at once too. */
export function useEvents(): void {
  useEffect(() => {
    feed.watch({ names: [], prefix: null }, NOBODY);
    return () => feed.stop();
  }, []);
}
