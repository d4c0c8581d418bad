import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../service/api.js';
import { watch } from '../service/service-state.js';

/** After nobody answered. */
const RETRY_MS = 2_000;

/** What was asked for, as far as it is known. */
export interface Loaded<T> {
  /** The last answer, which stays while another is asked for. */
  readonly answer: T | null;
  /** Why the last call had none; null once one was answered. */
  readonly fault: ApiError | null;
  /** Whether the answer is one to another question. */
  readonly stale: boolean;
  /** Asks again at once. */
  readonly reload: () => void;
}

interface Manner {
  /** Asks again so often, while somebody looks; null: never. */
  readonly everyMs?: number | null;
}

interface Held<T> {
  readonly answer: T | null;
  readonly fault: ApiError | null;
  readonly stale: boolean;
}

/**
 * The one way in which the page asks for something to show: only the last question's answer counts, a service that is away
 * is asked again, and as soon as it is back; what it refuses it is not asked again until the question is another one.
 *
 * @param question what the answer depends on; another one is asked at once
 */
export function useLoad<T>(
  ask: () => Promise<T>,
  question: readonly unknown[],
  { everyMs = null }: Manner = {},
): Loaded<T> {
  const [held, hold] = useState<Held<T>>({ answer: null, fault: null, stale: true });
  const asked = useRef(ask);
  asked.current = ask;
  const again = useRef<() => void>(() => undefined);
  useEffect(() => {
    let round = 0;
    let ended = false;
    let refused = false;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      clearTimeout(retry);
      round += 1;
      const mine = round;
      try {
        const answer = await asked.current();
        if (ended || mine !== round) return;
        refused = false;
        hold({ answer, fault: null, stale: false });
      } catch (error) {
        if (ended || mine !== round) return;
        if (!(error instanceof ApiError)) throw error;
        refused = !error.isAway;
        hold(({ answer, stale }) => ({ answer: refused ? null : answer, fault: error, stale }));
        if (error.isAway) retry = setTimeout(() => void load(), RETRY_MS);
      }
    };
    again.current = () => void load();
    hold(({ answer, fault }) => ({ answer, fault, stale: true }));
    void load();
    const stopTimer = everyMs === null ? null : every(everyMs, () => !refused && void load());
    const stopListening = watch.whenBack(() => void load());
    return () => {
      ended = true;
      clearTimeout(retry);
      stopTimer?.();
      stopListening();
    };
  }, [...question, everyMs]);
  return { ...held, reload: useRef(() => again.current()).current };
}

/** A timer that rests while nobody looks; ends when what is returned is called. */
export function every(intervalMs: number, action: () => void): () => void {
  const timer = setInterval(() => {
    if (!document.hidden) action();
  }, intervalMs);
  return () => clearInterval(timer);
}
