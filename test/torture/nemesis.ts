/** Who strikes, when, and with what: a schedule that follows from the seed, and how the service came out of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from './deployment.js';
import { drawFault, type DrawnFault, type FaultKind } from './faults.js';
import type { Random } from './random.js';
import type { Recorder, Tally } from './recorder.js';
import type { Recovery, RecoveryProbe } from './recovery.js';

/** One fault alone can be measured; several at once are what nobody thought of. */
const SEVERAL_SHARE = 0.3;
const MOST_AT_ONCE = 3;

/** The next fault of the same episode begins within this time: before the one before it is over. */
const LONGEST_STAGGER_MS = 1_200;

const SHORTEST_CALM_MS = 300;
const LONGEST_CALM_MS = 1_800;

export interface Episode {
  readonly calmMs: number;
  readonly faults: readonly { readonly delayMs: number; readonly fault: DrawnFault }[];
}

/** An episode that happened; times are milliseconds since the recording began. */
export interface Struck {
  readonly fromMs: number;
  /** When its last fault was over. */
  readonly healedMs: number;
  readonly recoveredMs: number;
  readonly faults: readonly {
    readonly kind: FaultKind;
    readonly target: string;
    readonly detail: string;
    readonly fromMs: number;
    readonly toMs: number;
  }[];
  readonly recovery: Recovery;
  readonly reads: Tally;
  readonly writes: Tally;
  /** The longest time in which no write of anybody was acknowledged. */
  readonly withoutWritesMs: number;
}

/** All kinds in random order, again and again, so that none is left out for long. */
export function* episodesOf(random: Random, kinds: readonly FaultKind[]): Generator<Episode, never> {
  let deck: FaultKind[] = [];
  for (;;) {
    if (deck.length === 0) deck = random.shuffled(kinds);
    const count = random.chance(SEVERAL_SHARE) ? random.whole(2, MOST_AT_ONCE + 1) : 1;
    const faults: { delayMs: number; fault: DrawnFault }[] = [];
    for (const kind of deck.splice(0, count)) {
      const fault = drawFault(kind, random);
      const free = faults.every((other) => other.fault.target !== fault.target);
      if (free) faults.push({ delayMs: faults.length === 0 ? 0 : random.whole(0, LONGEST_STAGGER_MS), fault });
      // Its target is taken: it has its turn later.
      else deck.push(kind);
    }
    yield { calmMs: random.whole(SHORTEST_CALM_MS, LONGEST_CALM_MS), faults };
  }
}

export class Nemesis {
  readonly struck: Struck[] = [];

  constructor(
    private readonly deployment: Deployment,
    private readonly recorder: Recorder,
    private readonly probe: RecoveryProbe,
  ) {}

  /**
   * Strikes until the time is over and it has struck `atLeast` times, or until `enough` says so; every fault is healed when
   * it returns.
   */
  async run(
    episodes: Iterable<Episode>,
    untilMs: number,
    atLeast: number,
    enough: () => boolean,
    say: (line: string) => void,
  ): Promise<void> {
    for (const episode of episodes) {
      const isOver = performance.now() + episode.calmMs > untilMs && this.struck.length >= atLeast;
      if (isOver || enough()) return;
      await sleep(episode.calmMs);
      say(`  ${episode.faults.map(({ fault }) => textOf(fault)).join(' + ')}`);
      const struck = await this.play(episode);
      this.struck.push(struck);
      say(`    over, and recovered ${recoveryText(struck)}`);
    }
  }

  private async play({ faults }: Episode): Promise<Struck> {
    const fromMs = this.recorder.elapsedMs;
    const played = await Promise.all(
      faults.map(async ({ delayMs, fault }) => {
        await sleep(delayMs);
        const begin = this.recorder.elapsedMs;
        const complaint = await fault.strike(this.deployment);
        if (complaint !== null) this.recorder.breach(complaint);
        return {
          kind: fault.kind,
          target: fault.target,
          detail: fault.detail,
          fromMs: begin,
          toMs: this.recorder.elapsedMs,
        };
      }),
    );
    const healedMs = this.recorder.elapsedMs;
    const recovery = await this.probe.measure();
    const recoveredMs = this.recorder.elapsedMs;
    if (recovery.hitsMs === null) {
      this.recorder.breach(`no recovery from ${faults.map(({ fault }) => textOf(fault)).join(' + ')}`);
    }
    const reads = this.recorder.tally('read', fromMs, recoveredMs);
    const writes = this.recorder.tally('write', fromMs, recoveredMs);
    const withoutWritesMs = this.recorder.longestWithoutWrites(fromMs, recoveredMs);
    return { fromMs, healedMs, recoveredMs, faults: played, recovery, reads, writes, withoutWritesMs };
  }
}

function recoveryText({ recovery: { writesMs, hitsMs }, withoutWritesMs }: Struck): string {
  const after = (ms: number | null): string => (ms === null ? 'never' : `after ${(ms / 1000).toFixed(2)} s`);
  return `writes ${after(writesMs)}, hits ${after(hitsMs)}; ${(withoutWritesMs / 1000).toFixed(2)} s without writes`;
}

function textOf({ kind, detail }: DrawnFault): string {
  return detail === '' ? kind : `${kind} (${detail})`;
}
