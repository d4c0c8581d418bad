/** What those feel whose writes are accepted, while ten times as much is offered as can be done. */
import { OfferedLoad } from '../test/support/offered-load.js';
import { TcpProxy } from '../test/support/tcp-proxy.js';
import type { Arena } from './arena.js';
import { percentile } from './median.js';

/** One turn at what can be done, and one with ten times as much on offer. */
export interface OverloadRound {
  readonly possiblePerSecond: number;
  readonly possibleP99Ms: number;
  readonly offeredPerSecond: number;
  readonly acceptedPerSecond: number;
  /** Of accepted writes only. */
  readonly acceptedP99Ms: number;
}

const MAX_QUEUED = 20;

/** To Postgres and back: so the queue, and not this machine, is what is short, and ten times as much can be offered. */
const LATENCY_MS = 20;

const TIMES = 10;
const ROUNDS = 5;
const TURN_MS = 3_000;
const WARM_UP_MS = 500;

export async function measureOverload(arena: Arena): Promise<OverloadRound[]> {
  const database = new URL(await arena.opponentsDatabase());
  const proxy = await TcpProxy.start({ host: '127.0.0.1', port: Number(database.port) });
  const environment = { MAX_QUEUED_WRITES: String(MAX_QUEUED) };
  const service = await arena.separateService('overload', { environment, postgresPort: proxy.port });
  const load = new OfferedLoad(service.url, 'crowded');
  try {
    await load.saturate(MAX_QUEUED, WARM_UP_MS);
    await proxy.setMode({ kind: 'slow', latencyMs: LATENCY_MS });
    await load.saturate(MAX_QUEUED, WARM_UP_MS);
    load.take();
    const rounds: OverloadRound[] = [];
    while (rounds.length < ROUNDS) rounds.push(await runRound(load));
    return rounds;
  } finally {
    load.close();
    await service.stop();
    await proxy.close();
  }
}

async function runRound(load: OfferedLoad): Promise<OverloadRound> {
  await load.saturate(MAX_QUEUED, TURN_MS);
  const possible = load.take().acceptedMs;
  const possiblePerSecond = possible.length / (TURN_MS / 1000);
  const offeredPerSecond = await load.offer(TIMES * possiblePerSecond, TURN_MS);
  const accepted = load.take().acceptedMs;
  return {
    possiblePerSecond,
    possibleP99Ms: percentile(possible, 0.99),
    offeredPerSecond,
    acceptedPerSecond: accepted.length / (TURN_MS / 1000),
    acceptedP99Ms: percentile(accepted, 0.99),
  };
}
