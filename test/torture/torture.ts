/** One run: everything is brought up, put under load, broken again and again, and brought down; then it is judged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { check, type Verdict } from './checker.js';
import { Deployment, type Program } from './deployment.js';
import { Edges, type EdgesReport } from './edges.js';
import type { FaultKind } from './faults.js';
import type { FinalTruth, HistoryEntry } from './history.js';
import type { RedisKind } from './ground.js';
import { Load } from './load.js';
import { episodesOf, Nemesis, type Struck } from './nemesis.js';
import { Random } from './random.js';
import { type Bucket, Recorder } from './recorder.js';
import { RecoveryProbe } from './recovery.js';
import { readBuckets, readTruths } from './truths.js';
import { checkWindows, type WindowVerdict } from './windows.js';

export interface Plan {
  readonly seed: number;
  /** How long faults are struck; the bringing up and down comes on top. */
  readonly lastsMs: number;
  readonly kinds: readonly FaultKind[];
  /** What Redis is; alone by default. */
  readonly redis?: RedisKind;
  /** Whether counters that end by themselves are under torture as well. */
  readonly withEnds?: boolean;
  /** On a Postgres that fails over: three servers, and two instances. */
  readonly failover?: boolean;
  /** Edges that deliver to the service, each cut off nine tenths of the time; none by default. */
  readonly edges?: number;
  /** What each instance runs, another one at each start; the built service alone by default. */
  readonly programs?: readonly Program[];
  /** Processes of each instance that answer; one process does all by default. */
  readonly workers?: number;
  /** Into how many the truth is divided; as TEST_BUCKETS says by default. */
  readonly buckets?: number;
  /** Episodes of faults that there are, however long a busy machine takes for them; none by default. */
  readonly atLeast?: number;
  /** Ends as soon as a stale read was seen. */
  readonly untilStale?: boolean;
  readonly say: (line: string) => void;
}

export interface Outcome {
  readonly seed: number;
  /** RFC 3339; times of the report count from here. */
  readonly beganAt: string;
  readonly lastedMs: number;
  readonly instances: number;
  /** Into how many the truth is divided, as the database says. */
  readonly buckets: number;
  readonly verdict: Verdict;
  /** Its losses and doublings are in the verdict; null: there were no edges. */
  readonly edges: EdgesReport | null;
  /** Answers that break the contract, shutdowns that failed, faults that were not recovered from, alarms in the log. */
  readonly breaches: readonly string[];
  readonly struck: readonly Struck[];
  /** Requests that were not answered as they should be, by why. */
  readonly failures: ReadonlyMap<string, number>;
  readonly timeline: readonly Bucket[];
  /** All that instances printed, one array for each. */
  readonly logs: readonly (readonly string[])[];
  readonly passed: boolean;
}

/** A line this often, so that one sees it work. */
const PROGRESS_MS = 5_000;

/** Before the first fault, so that the report shows what health looks like. */
const WARM_UP_MS = 1_500;

/** @throws Error when the servers or the service cannot be brought up at all */
export async function torture({
  seed,
  lastsMs,
  kinds,
  redis = 'single',
  withEnds = false,
  failover = false,
  edges: edgeCount = 0,
  programs = [undefined],
  workers = 1,
  buckets,
  atLeast = 0,
  untilStale = false,
  say,
}: Plan): Promise<Outcome> {
  const random = new Random(seed);
  // Drawn first: the schedule must not depend on how many clients there are.
  const episodes = episodesOf(random.fork(), kinds);
  const environment = {
    ...(workers === 1 ? {} : { WORKERS: String(workers) }),
    ...(buckets === undefined ? {} : { BUCKETS: String(buckets) }),
  };
  const deployment = failover
    ? await Deployment.startOnCluster(environment, say)
    : await Deployment.start(redis, programs, environment);
  const beganAt = new Date().toISOString();
  const recorder = new Recorder();
  const load = new Load(deployment, recorder, random.fork());
  const places = new Edges(deployment.instances, recorder, random.fork());
  try {
    await load.start(withEnds);
    await places.start(edgeCount);
    const progress = setInterval(() => say(progressLine(recorder)), PROGRESS_MS);
    const nemesis = new Nemesis(deployment, recorder, new RecoveryProbe(load, deployment.instances));
    try {
      await sleep(WARM_UP_MS);
      const enough = (): boolean => untilStale && hasStaleRead(recorder.history);
      await nemesis.run(episodes, performance.now() + lastsMs, atLeast, enough, say);
    } finally {
      clearInterval(progress);
    }
    const lastedMs = recorder.elapsedMs;
    say('All is healed; waiting for what is still under way');
    await Promise.all([load.stop(), places.deliver()]);
    const exits = await deployment.stopInstances();
    exits.forEach((exit, index) => {
      if (exit?.code !== 0) recorder.breach(`instance ${index} ended with ${JSON.stringify(exit)}`);
    });
    for (const instance of deployment.instances) {
      for (const line of instance.complaints()) recorder.breach(`instance ${instance.index} said ${line}`);
    }
    const { history, breaches, failures } = recorder;
    const truths = await readTruths(deployment.databaseUrl, history);
    const edges = places.report(truths);
    const direct = both(check(history, truths), checkWindows(recorder.windows), recorder.windows.length);
    const verdict = edges === null ? direct : both(direct, { ...edges, stale: 0 }, edges.acknowledged + edges.unknown);
    return {
      seed,
      beganAt,
      lastedMs,
      instances: deployment.instances.length,
      buckets: await readBuckets(deployment.databaseUrl),
      verdict,
      edges,
      breaches,
      struck: nemesis.struck,
      failures,
      timeline: recorder.timeline(),
      logs: deployment.instances.map((instance) => instance.output()),
      passed: breaches.length === 0 && !isWrong(verdict),
    };
  } finally {
    load.close();
    await places.close();
    await deployment.stop();
  }
}

/** One verdict on counters that stay and others: those that end, or those of edges. */
function both(verdict: Verdict, other: Omit<WindowVerdict, 'windows'>, entries: number): Verdict {
  return {
    ...verdict,
    checked: verdict.checked + entries,
    lost: verdict.lost + other.lost,
    doubled: verdict.doubled + other.doubled,
    stale: verdict.stale + other.stale,
    violations: [...verdict.violations, ...other.violations],
  };
}

/** Whether that was seen which must never be: a slow machine can delay an answer, but not make it wrong. */
export function isWrong({ lost, doubled, stale, wrong }: Verdict): boolean {
  return lost + doubled + stale + wrong > 0;
}

/** Looks at what is known so far; whether writes are lost or doubled shows only at the end. */
function hasStaleRead(history: readonly HistoryEntry[]): boolean {
  const newest = new Map<string, FinalTruth>();
  for (const entry of history) {
    const shown = entry.kind === 'read' ? entry : entry.outcome.kind === 'ok' ? entry.outcome : null;
    if (shown === null || shown.version < (newest.get(entry.counter)?.version ?? 0)) continue;
    newest.set(entry.counter, { value: shown.value, version: shown.version, unknownByKey: new Map() });
  }
  return check(history, newest).stale > 0;
}

function progressLine(recorder: Recorder): string {
  const elapsedMs = recorder.elapsedMs;
  const lately = Math.max(0, elapsedMs - PROGRESS_MS);
  const [reads, writes] = [recorder.tally('read', lately, elapsedMs), recorder.tally('write', lately, elapsedMs)];
  const rate = (count: number): string => String(Math.round(count / ((elapsedMs - lately) / 1000))).padStart(5);
  return (
    `${(elapsedMs / 1000).toFixed(0).padStart(5)} s  ${rate(reads.answered)} reads/s ${rate(writes.answered)} writes/s` +
    `  not answered: ${reads.failed} reads, ${writes.failed} writes` +
    (recorder.breaches.length > 0 ? `  ${recorder.breaches.length} breaches` : '')
  );
}
