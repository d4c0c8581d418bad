/** Ten times as many writes as can be committed: the rest is refused at once, memory stays as it is, nothing is lost. */
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { startAppProcess } from './support/app.js';
import { CounterCalls } from './support/counter-calls.js';
import { eventually } from './support/eventually.js';
import { startRedis } from './support/servers.js';
import { createTestDatabase } from './support/shared-postgres.js';
import { TcpProxy } from './support/tcp-proxy.js';

const MAX_QUEUED = 20;

/** To Postgres and back: so a commit takes a fifth of a second, and this machine can offer ten times as much. */
const LATENCY_MS = 100;

const MEASURED_MS = 3_000;
const OFFERED_MS = 8_000;
const TIMES = 10;

/** So many that 10 KB kept of each refused write would show. */
const LEAST_PER_SECOND = 1_000;
const TURN_MS = 10;

/** What a process that is collected now and then moves by, by itself. */
const FLAT_WITHIN_BYTES = 80 * 2 ** 20;

const residentBytes = (pid: number) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;

it('offered ten times what it can do, it refuses the rest, keeps its memory, and counts exactly what it accepted', async () => {
  const databaseUrl = new URL(await createTestDatabase());
  const proxy = await TcpProxy.start({ host: '127.0.0.1', port: Number(databaseUrl.port) });
  databaseUrl.port = String(proxy.port);
  const redis = await startRedis();
  const env = { MAX_QUEUED_WRITES: String(MAX_QUEUED) };
  const app = await startAppProcess({ databaseUrl: databaseUrl.href, redisUrl: redis.url, env });
  const agent = new Agent({ keepAlive: true });
  const answers = { ok: 0, refused: 0, unknown: 0, other: 0 };
  const increment = () =>
    new Promise<void>((resolve, reject) => {
      const request = httpRequest(`${app.url}/v1/counters/crowded/increment`, { method: 'POST', agent }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => {
          if (response.statusCode === 200) answers.ok += 1;
          else if (body.includes('"outcome_unknown"')) answers.unknown += 1;
          else if (response.statusCode === 503 && Number(response.headers['retry-after']) >= 1) answers.refused += 1;
          else answers.other += 1;
          resolve();
        });
      });
      request.on('error', reject);
      request.end();
    });
  try {
    await increment();
    await proxy.setMode({ kind: 'slow', latencyMs: LATENCY_MS });

    // What it can do: as many callers as the queue takes, each with its next write when the last one is answered.
    const untilMs = performance.now() + MEASURED_MS;
    const before = answers.ok;
    const caller = async () => {
      while (performance.now() < untilMs) await increment();
    };
    await Promise.all(Array.from({ length: MAX_QUEUED }, caller));
    const perSecond = (answers.ok - before) / (MEASURED_MS / 1000);
    expect(perSecond).toBeGreaterThan(1);

    // Whatever is answered or not: the next ones come.
    const offeredPerSecond = Math.max(LEAST_PER_SECOND, TIMES * perSecond);
    const beganMs = performance.now();
    const pending: Promise<void>[] = [];
    const memory: number[] = [];
    while (performance.now() - beganMs < OFFERED_MS) {
      const due = ((performance.now() - beganMs) / 1000) * offeredPerSecond;
      while (pending.length < due) pending.push(increment());
      memory.push(residentBytes(app.pid));
      await sleep(TURN_MS);
    }
    const offeredMs = performance.now() - beganMs;
    await Promise.all(pending);
    const early = Math.max(...memory.slice(0, Math.ceil(memory.length / 4)));
    expect(Math.max(...memory) - early).toBeLessThan(FLAT_WITHIN_BYTES);
    // What a machine that hangs for a moment offers is still far too much.
    expect(pending.length / (offeredMs / 1000)).toBeGreaterThan((TIMES / 2) * perSecond);
    expect(answers.refused).toBeGreaterThan(pending.length / 2);
    expect(answers.other).toBe(0);

    await proxy.setMode({ kind: 'pass' });
    const calls = new CounterCalls(app.url);
    await eventually(async () => (await calls.read('crowded', '?consistency=strong')).status === 200);
    const { value } = (await calls.read('crowded', '?consistency=strong')).body;
    expect(value).toBeGreaterThanOrEqual(answers.ok);
    expect(value).toBeLessThanOrEqual(answers.ok + answers.unknown);
  } finally {
    agent.destroy();
    await app.stop();
    await proxy.close();
    await redis.stop();
  }
});
