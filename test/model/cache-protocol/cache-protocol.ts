import { at, type Model, type Steps } from '../explorer.js';
import type { CacheProtocol } from './protocol.js';
import { read } from './readers.js';
import {
  COUNTED,
  DUPLICATES,
  ENTRY,
  FLUSHES,
  HAS_SNAPSHOT,
  KEY,
  LIFE,
  NOTHING,
  put,
  R,
  RESTARTS,
  SNAPSHOT,
  W,
  WRITERS,
} from './state.js';
import { write } from './writers.js';

export interface Scenario {
  readonly writers: number;
  readonly readers: number;
  readonly flushes: 0 | 1;
  readonly restarts: 0 | 1;
  readonly duplicates: 0 | 1;
  /** Whether an entry is there at the start. */
  readonly warm: boolean;
}

export function cacheProtocol(protocol: CacheProtocol, scenario: Scenario): Model {
  const { writers, readers } = scenario;
  const readersAt = WRITERS + writers * W.size;
  const initial = new Array<number>(readersAt + readers * R.size).fill(0);
  if (scenario.warm) initial[KEY] = ENTRY;
  initial[FLUSHES] = scenario.flushes;
  initial[RESTARTS] = scenario.restarts;
  initial[DUPLICATES] = scenario.duplicates;
  const table = { protocol, readersAt, readers };
  return {
    initial,
    successors(steps) {
      faults(protocol, steps);
      for (let i = 0; i < writers; i++) write(protocol, steps, i);
      for (let i = 0; i < readers; i++) read(table, steps, i);
    },
  };
}

function faults(protocol: CacheProtocol, steps: Steps): void {
  const s = steps.state;
  if (at(s, FLUSHES) > 0 && s[KEY] !== NOTHING) {
    const next = steps.fork();
    put(next, NOTHING, 0);
    next[FLUSHES] = 0;
    if (protocol.nonce === 'counted') next[COUNTED] = 0;
    steps.take('flush', false);
  }
  if (at(s, RESTARTS) > 0) {
    const next = steps.fork();
    const saved = s[HAS_SNAPSHOT] === 1;
    for (let i = 0; i < 3; i++) {
      if (saved) next[KEY + i] = at(s, SNAPSHOT + i);
      next[SNAPSHOT + i] = saved ? 0 : at(s, KEY + i);
    }
    next[HAS_SNAPSHOT] = saved ? 0 : 1;
    if (saved) {
      next[RESTARTS] = 0;
      next[LIFE] = at(s, LIFE) + 1;
    }
    steps.take(saved ? 'Redis restarts from the snapshot' : 'Redis saves a snapshot', false);
  }
}
