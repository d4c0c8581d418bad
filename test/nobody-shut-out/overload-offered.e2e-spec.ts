/** Ten times as many writes as can be committed: the rest is refused at once, memory stays as it is, nothing is lost. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { holdToDocument } from '../support/described.js';
import { eventually } from '../support/eventually.js';
import { OfferedLoad } from '../support/offered-load.js';
import { withServers } from '../support/service.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const MAX_QUEUED = 20;

/** To Postgres and back: so a commit takes a fifth of a second, and this machine can offer ten times as much. */
const LATENCY_MS = 100;

const MEASURED_MS = 3_000;
const OFFERED_MS = 8_000;
const TIMES = 10;

/** So many that 10 KB kept of each refused write would show. */
const LEAST_PER_SECOND = 1_000;

/** What a process that is collected now and then moves by, by itself. */
const FLAT_WITHIN_BYTES = 80 * 2 ** 20;

const residentBytes = (pid: number) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;

const servers = withServers();

it('offered ten times what it can do, it refuses the rest, keeps its memory, and counts exactly what it accepted', async () => {
  const databaseUrl = new URL(servers.databaseUrl);
  const proxy = await TcpProxy.start({ host: '127.0.0.1', port: Number(databaseUrl.port) });
  databaseUrl.port = String(proxy.port);
  const env = { MAX_QUEUED_WRITES: String(MAX_QUEUED) };
  const app = await startAppProcess({ databaseUrl: databaseUrl.href, redisUrl: servers.redis.url, env });
  const load = new OfferedLoad(app.url, 'crowded', holdToDocument);
  try {
    await proxy.setMode({ kind: 'slow', latencyMs: LATENCY_MS });

    await load.saturate(MAX_QUEUED, MEASURED_MS);
    const possible = load.take();
    const perSecond = possible.acceptedMs.length / (MEASURED_MS / 1000);
    expect(perSecond).toBeGreaterThan(1);

    const memory: number[] = [];
    const note = () => memory.push(residentBytes(app.pid));
    const offered = await load.offer(Math.max(LEAST_PER_SECOND, TIMES * perSecond), OFFERED_MS, note);
    const early = Math.max(...memory.slice(0, Math.ceil(memory.length / 4)));
    expect(Math.max(...memory) - early).toBeLessThan(FLAT_WITHIN_BYTES);
    // What a machine that hangs for a moment offers is still far too much.
    expect(offered).toBeGreaterThan((TIMES / 2) * perSecond);
    const { acceptedMs, refused, unknown, other } = load.take();
    expect(refused).toBeGreaterThan((acceptedMs.length + refused + unknown) / 2);
    expect(other + possible.other).toBe(0);

    await proxy.setMode({ kind: 'pass' });
    const calls = new CounterCalls(app.url);
    await eventually(async () => (await calls.read('crowded', '?consistency=strong')).status === 200);
    const { value } = (await calls.read('crowded', '?consistency=strong')).body;
    const accepted = possible.acceptedMs.length + acceptedMs.length;
    expect(value).toBeGreaterThanOrEqual(accepted);
    expect(value).toBeLessThanOrEqual(accepted + possible.unknown + unknown);
  } finally {
    load.close();
    await app.stop();
    await proxy.close();
  }
});
