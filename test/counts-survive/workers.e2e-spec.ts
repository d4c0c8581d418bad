/** WORKERS: several processes answer, one commits, and they are one service; whichever of them is killed, too. */
import { Agent } from 'node:http';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterEach, describe, expect } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { incrementUntilClosed } from '../support/increment-until-closed.js';
import { command, connectRaw, type RawResp } from '../support/resp.js';
import { itOnNode } from '../support/on-bun.js';
import { scrape } from '../support/scrape.js';
import { withServiceProcess } from '../support/service.js';

/** Of both workers together; the other tests stay far below it. */
const MAX_CONNECTIONS = 100;

const service = withServiceProcess({
  env: { WORKERS: '2', RESP_PORT: '0', MAX_CONNECTIONS: String(MAX_CONNECTIONS) },
});

const agents: Agent[] = [];
const lines: RawResp[] = [];

afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy();
  for (const line of lines.splice(0)) line.close();
});

/** A client with one connection, and so at one worker; the next one's is at the other. */
function agent(): Agent {
  const one = new Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(one);
  return one;
}

async function line(): Promise<RawResp> {
  const one = await connectRaw(service.app.respPort);
  lines.push(one);
  return one;
}

async function workersOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

async function isGone(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const state = stat.slice(stat.lastIndexOf(')')).split(' ')[1];
  return state === undefined || state === 'Z';
}

function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

interface Told {
  counted: number;
  /** It may have been counted: it was not answered, or nobody knows. */
  unknown: number;
  /** Nothing was written. */
  refused: number;
}

/** Increments once, and notes what was told. */
async function count(name: string, told: Told, headers = {}): Promise<boolean> {
  const answer = await send(service.app.url, 'POST', `/v1/counters/${name}/increment`, { headers }).catch(() => null);
  if (answer?.status === 200) told.counted += 1;
  else if (answer === null || answer.body.includes('"code":"outcome_unknown"')) told.unknown += 1;
  else told.refused += 1;
  return answer?.status === 200;
}

/** Increments under a key each, and asks again under the same one until it is answered. */
async function countSurely(name: string, client: number, times: number, told: Told): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const headers = { 'idempotency-key': `${name}-${client}-${time}` };
    await eventually(() => count(name, told, headers));
  }
}

const nothingTold = (): Told => ({ counted: 0, unknown: 0, refused: 0 });

async function valueOf(name: string): Promise<number> {
  return (await service.calls.read(name, '?consistency=strong')).body.value;
}

describe('one service', () => {
  itOnNode('gives each value once, over HTTP and the Redis protocol, at both workers', async () => {
    const clients = Array.from({ length: 10 }, agent);
    const byHttp = clients.map(async (one) => {
      const values: number[] = [];
      for (let time = 0; time < 10; time += 1) {
        const { body } = await send(service.app.url, 'POST', '/v1/counters/all/increment', { agent: one });
        values.push((JSON.parse(body) as { value: number }).value);
      }
      return values;
    });
    const places = new Set<string>();
    const byResp = numbersTo(10).map(async () => {
      const one = await line();
      places.add(
        /run_id:(\w+)/.exec(await one.ask(command('INFO', 'server'), '\r\n\r\n').catch(() => one.received()))?.[1] ??
          '',
      );
      const answers = await one.ask(command('INCR', 'all').repeat(10), /^(:\d+\r\n){10}$/);
      return [...answers.matchAll(/:(\d+)/g)].map(([, value]) => Number(value));
    });
    const values = (await Promise.all([...byHttp, ...byResp])).flat();
    expect(values.sort((a, b) => a - b)).toEqual(numbersTo(200));
    expect(places.size).toBe(2);
  });

  itOnNode('replays under a key at the other worker, byte for byte', async () => {
    const ask = (one: Agent) =>
      send(service.app.url, 'POST', '/v1/counters/replayed/increment', {
        agent: one,
        headers: { 'idempotency-key': 'k' },
      });
    const [first, second] = [await ask(agent()), await ask(agent())];
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(second.headers['idempotent-replayed']).toBe('true');
    const other = { agent: agent(), headers: { 'idempotency-key': 'k' }, json: { by: 2 } };
    expect(await send(service.app.url, 'POST', '/v1/counters/replayed/increment', other)).toMatchObject({
      status: 422,
    });
  });

  itOnNode('sets, resets, deletes, refuses, and decides batches and MULTI', async () => {
    const { calls } = service;
    expect((await calls.set('n', { value: 5, max: 6 })).status).toBe(201);
    expect((await calls.increment('n')).body).toMatchObject({ value: 6, max: 6 });
    const refused = await calls.increment('n', 1, { headers: { 'x-request-id': 'req-refused' } });
    expect(refused).toMatchObject({ status: 409, body: { code: 'out_of_bounds', instance: 'req-refused' } });
    expect((await calls.reset('n', 1)).body).toMatchObject({ value: 1, previous: 6 });
    const increments = [
      { name: 'n', by: 1 },
      { name: 'm', by: 2 },
    ];
    expect((await calls.batch({ increments, atomic: true })).status).toBe(200);
    expect((await calls.batch({ increments })).status).toBe(200);
    expect((await calls.delete('n')).status).toBe(204);
    expect((await calls.read('n')).status).toBe(404);
    const one = await line();
    const talk = [command('MULTI'), command('INCR', 'm'), command('GET', 'm'), command('EXEC')].join('');
    expect(await one.ask(talk, '$1\r\n5\r\n')).toBe('+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:5\r\n$1\r\n5\r\n');
  });
});

describe('the numbers', () => {
  itOnNode('are those of all processes, whoever is asked, and never fall', async () => {
    // Each by a connection of its own, and so in turns at both.
    for (let time = 0; time < 10; time += 1) {
      await send(service.app.url, 'POST', '/v1/counters/measured/increment');
      await send(service.app.url, 'GET', '/v1/counters/measured');
    }
    const readings = await scrapes(8);
    const [first] = readings;
    expect(new Set(readings.map(({ increments }) => increments)).size).toBe(1);
    expect(first?.increments).toBeGreaterThanOrEqual(10);
    for (let at = 1; at < readings.length; at += 1) {
      expect(readings[at]?.requests).toBeGreaterThanOrEqual(readings[at - 1]?.requests ?? NaN);
    }
    const [before] = await scrapes(1);
    await endOneWorker('SIGKILL');
    const [after] = await scrapes(1);
    expect(after?.requests).toBeGreaterThanOrEqual(before?.requests ?? NaN);
    expect(after?.reads).toBeGreaterThanOrEqual(before?.reads ?? NaN);
    expect(before?.reads).toBeGreaterThan(0);
    expect(after?.page.get('evercount_build_info')).toBe(1);
    expect(after?.page.get('evercount_write_queue_limit')).toBe(10_000);
  });
});

async function scrapes(times: number) {
  const readings = [];
  for (let time = 0; time < times; time += 1) {
    const page = await scrape(service.app.url);
    const increments = page.get('evercount_increments_total') ?? NaN;
    const counts = page.samples.filter(({ name }) => name === 'evercount_http_request_duration_seconds_count');
    const requests = counts.reduce((sum, { value }) => sum + value, 0);
    const read = page.samples.filter(({ name }) => name === 'evercount_cache_requests_total');
    const reads = read.reduce((sum, { value }) => sum + value, 0);
    readings.push({ page, increments, requests, reads });
  }
  return readings;
}

/** Sends a signal to one of the workers; settles, with which it was, when another one listens in its place. */
async function endOneWorker(signal: 'SIGKILL' | 'SIGSTOP'): Promise<number> {
  const { app } = service;
  const listening = (): number => app.log().filter(({ msg }) => msg === 'a worker listens').length;
  const before = listening();
  const [victim = 0] = await workersOf(app.pid);
  process.kill(victim, signal);
  await eventually(() => listening() > before);
  return victim;
}

itOnNode.each(['http', 'resp'])('past the connections that all may have together, over %s', async (protocol) => {
  const port = protocol === 'http' ? Number(new URL(service.app.url).port) : service.app.respPort;
  let closed = 0;
  const sockets = Array.from({ length: MAX_CONNECTIONS + 50 }, () => connect({ host: '127.0.0.1', port }).resume());
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    // Those that say nothing for too long are told so.
    socket.on('close', () => (closed += socket.bytesRead === 0 ? 1 : 0));
  }
  await eventually(() => closed >= 50).finally(() => sockets.forEach((socket) => socket.destroy()));
  await eventually(async () => (await service.calls.read('all')).status === 200);
});

itOnNode('a worker that hangs is replaced, and whoever waited for it is let go', async () => {
  const { app, calls } = service;
  const replaced = endOneWorker('SIGSTOP');
  // Some of them at the worker that hangs.
  const asked = numbersTo(4).map(async () => (await calls.read('all').catch(() => null))?.status ?? null);
  const victim = await replaced;
  expect(await isGone(victim)).toBe(true);
  expect((await Promise.all(asked)).filter((status) => status !== 200 && status !== null)).toEqual([]);
  expect(app.log()).toContainEqual(expect.objectContaining({ level: 'error', worker: victim }));
  expect((await calls.read('all')).status).toBe(200);
});

describe('a fault under load', () => {
  const CLIENTS = 8;

  itOnNode('of a worker: another one takes its place, and keys settle what it had sent', async () => {
    const told = nothingTold();
    const clients = numbersTo(CLIENTS).map((client) => countSurely('worker-killed', client, 100, told));
    await eventually(async () => (await valueOf('worker-killed')) > 50);
    await endOneWorker('SIGKILL');
    await Promise.all(clients);
    expect(await valueOf('worker-killed')).toBe(CLIENTS * 100);
    expect(told.counted).toBe(CLIENTS * 100);
  });

  itOnNode(
    'of the process that commits: workers end, nobody is told a falsehood, and keys settle all of it',
    async () => {
      const { app } = service;
      let killed = false;
      const isKilled = (): boolean => killed;
      const workers = await workersOf(app.pid);
      const [told, once] = [nothingTold(), nothingTold()];
      // The new service has another port: clients ask where it is each time.
      const clients = numbersTo(CLIENTS).map((client) => countSurely('committer-killed', client, 100, told));
      const careless = numbersTo(CLIENTS).map(async () => {
        while (!isKilled()) await count('careless', once);
      });
      await eventually(async () => (await valueOf('committer-killed')) > 50);
      await app.kill();
      killed = true;
      await Promise.all(careless);
      await eventually(async () => (await Promise.all(workers.map(isGone))).every(Boolean));
      await service.startAgain();
      await Promise.all(clients);
      expect(await valueOf('committer-killed')).toBe(CLIENTS * 100);
      const careful = await valueOf('careless');
      expect(careful).toBeGreaterThanOrEqual(once.counted);
      expect(careful).toBeLessThanOrEqual(once.counted + once.unknown);
    },
  );

  itOnNode(
    'SIGTERM to all of them, as a terminal sends it: what was acknowledged is counted, and it exits with 0',
    async () => {
      const { app } = service;
      const clients = numbersTo(CLIENTS).map(() => incrementUntilClosed(app.url, 'ended'));
      await eventually(async () => (await valueOf('ended')) > 50);
      for (const worker of await workersOf(app.pid)) process.kill(worker, 'SIGTERM');
      app.signal('SIGTERM');
      expect(await app.exited).toEqual({ code: 0, signal: null });
      const results = await Promise.all(clients);
      expect(results.flatMap(({ errors }) => errors)).toEqual([]);
      await service.startAgain();
      expect(await valueOf('ended')).toBe(results.reduce((sum, { acknowledged }) => sum + acknowledged, 0));
    },
  );
});
