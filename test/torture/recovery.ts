/** How long the service takes, once a fault is over, until all of it is as good as before. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fateOf } from './answers.js';
import type { Caller } from './caller.js';
import { pathOf } from './counters.js';
import type { Instance } from './deployment.js';
import type { Load } from './load.js';
import { Reader } from './readers.js';

/** Not to come back within this time is a failure, whatever the fault was. */
const RECOVERY_LIMIT_MS = 30_000;

const LOOK_MS = 15;

export interface Recovery {
  /** Since the fault was over, until every instance took a write; null: not within RECOVERY_LIMIT_MS. */
  readonly writesMs: number | null;
  /** The same, until every instance served a read from the cache. */
  readonly hitsMs: number | null;
}

export class RecoveryProbe {
  private readonly probes: readonly { caller: Caller; number: number; reader: Reader; name: string; index: number }[];

  constructor(
    load: Load,
    private readonly instances: readonly Instance[],
  ) {
    this.probes = instances.map((_, index) => {
      const { caller, number } = load.client();
      return { caller, number, name: `probe/${index}`, index, reader: new Reader(caller, number) };
    });
  }

  /** Waits until every instance takes writes and serves hits. */
  async measure(): Promise<Recovery> {
    const beginMs = performance.now();
    const until = (done: (probe: (typeof this.probes)[number]) => Promise<boolean>): Promise<number | null> =>
      this.timeAll(beginMs, done);
    const writesMs = await until(async ({ caller, number, name, index }) => {
      const by = 1;
      const timed = await caller.send({ method: 'POST', path: `${pathOf(name)}/increment` }, index);
      if (timed === null) return false;
      const fate = fateOf(timed.outcome);
      const { startNs, endNs } = timed;
      const outcome = fate.kind === 'ok' ? fate : { kind: fate.kind };
      const operation = { client: number, counter: name, startNs, endNs, key: null, by };
      caller.recorder.write({ ...operation, kind: 'write', outcome }, null);
      return fate.kind === 'ok';
    });
    if (writesMs === null) return { writesMs, hitsMs: null };
    const hitsMs = await until(async ({ reader, name, index }) => {
      const source = await reader.read(name, 'cached', index);
      // A miss says that the entry had ended already, and that the cache may be read and filled again.
      const asGood = this.instances[index]?.isShortLived === true ? /; (hit|fwd=miss)$/ : /; hit$/;
      return source !== null && asGood.test(source);
    });
    return { writesMs, hitsMs };
  }

  private async timeAll(
    beginMs: number,
    done: (probe: (typeof this.probes)[number]) => Promise<boolean>,
  ): Promise<number | null> {
    const times = await Promise.all(
      this.probes.map(async (probe) => {
        while (performance.now() - beginMs < RECOVERY_LIMIT_MS) {
          if (await done(probe)) return performance.now() - beginMs;
          await sleep(LOOK_MS);
        }
        return Infinity;
      }),
    );
    const slowest = Math.max(...times);
    return Number.isFinite(slowest) ? slowest : null;
  }
}
