/**
 * `npm run bench -- --bytes-each`: what one more connection, stream or waiting write keeps in the memory of the service, and
 * what a hundred thousand connections do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../src/embedded/free-port.js';
import { eventually } from '../test/support/eventually.js';
import { parse } from '../test/support/scrape.js';
import type { Environment } from './child.js';
import type { Field } from './entrants.js';
import { type Kept, type LookedInto, startLookedInto } from './heap.js';
import type { Ask, Done } from './load/crowd.js';
import { Crowds } from './load/crowds.js';
import { percentile } from './median.js';
import { allowOpenFiles } from './open-files.js';
import { type Point, slopeOf } from './slope.js';
import { MANY, of } from './workloads.js';

type Say = (line: string) => void;

const MEBIBYTE = 2 ** 20;

/** In four steps; the first ones are beside the line, since what is needed by any comes with them. */
const CONNECTIONS = 8_000;
/** As many as an instance takes. */
const STREAMS = 2_000;
/** Below MAX_QUEUED_WRITES, with room. */
const WAITING = 8_000;
const STEPS = 4;

/** Connections at rest at one instance. */
const RESTING = 100_000;
const OPENED_AT_ONCE = 2_000;
/** A connection is kept for 72 s after a request. */
const ASKED_AGAIN_MS = 20_000;
/** What a process has open beside them: files, servers, the socket of its parent. */
const OTHER_FILES = 300;

/** So that code is compiled and the nursery is as large as it gets. */
const WARM_UP_SECONDS = 3;
const WARM_UP_CONNECTIONS = 64;

/** Requests one after the other, of which latencies are told. */
const PROBES = 200;

/** Of this process, by which it asks. */
const OWN_CONNECTIONS = 5;

/** Writes that wait for Postgres are answered within 3 s. */
const QUEUED_WITHIN_MS = 2_500;
const POLL_MS = 20;

const HTTP_READ: Ask = {
  request: 'GET /v1/counters/resting HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  answer: '^HTTP/1.1 200 .*\r\n\r\n\\{.*\\}$',
};
const HTTP_WRITE: Ask = {
  request: 'POST /v1/counters/waiting-#/increment HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n',
  answer: '^HTTP/1.1 (200|503) .*\r\n\r\n\\{.*\\}$',
};
const RESP_READ: Ask = { request: '*2\r\n$3\r\nGET\r\n$7\r\nresting\r\n', answer: '^\\$\\d+\r\n\\d+\r\n$' };
const STREAM: Ask = {
  request: 'GET /v1/stream?name=resting HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  answer: '^HTTP/1.1 200 .*event: status\n.*\n\n',
};

/** Prints a table, and what became of a hundred thousand. */
export async function measureBytesEach(field: Field, say: Say): Promise<void> {
  const files = allowOpenFiles(RESTING + OTHER_FILES);
  say('| one more | bytes resident | in the heap of V8 | beside it | slope of |');
  say('| --- | ---: | ---: | ---: | --- |');
  say(rowOf('connection over HTTP, at rest', await held(field, 'http', HTTP_READ, CONNECTIONS, files)));
  say(rowOf('connection over the Redis protocol, at rest', await held(field, 'resp', RESP_READ, CONNECTIONS, files)));
  say(rowOf('stream of one counter', await held(field, 'stream', STREAM, STREAMS, files)));
  say(rowOf('write that waits for Postgres', await waiting(field, files)));
  await resting(field, files, say);
}

/** What was kept with so many of them. */
type Sized = readonly (readonly [size: number, kept: Kept])[];

/** Connections, of which each has had one answer. */
async function held(
  field: Field,
  kind: 'http' | 'resp' | 'stream',
  ask: Ask,
  most: number,
  files: number,
): Promise<Sized> {
  const respPort = await freePort();
  const looked = await started(field, `bytes-${kind}`, { RESP_PORT: String(respPort) });
  const crowds = new Crowds(kind === 'resp' ? respPort : portOf(looked), ask, most, files);
  try {
    const sized: (readonly [number, Kept])[] = [];
    while (sized.length < STEPS) {
      const { open, failed } = await crowds.open(most / STEPS);
      if (failed > 0) throw new Error(`${failed} connections were not answered`);
      sized.push([open, await looked.settled()]);
    }
    return sized;
  } finally {
    crowds.end();
    await looked.service.stop();
  }
}

/** Increments over HTTP, each of another counter and on a connection that was there before, while Postgres stands still. */
async function waiting(field: Field, files: number): Promise<Sized> {
  const looked = await started(field, 'bytes-waiting', {});
  const crowds = new Crowds(portOf(looked), HTTP_READ, WAITING, files);
  const postgres = await field.arena.postgres();
  try {
    await crowds.open(WAITING);
    const sized: (readonly [number, Kept])[] = [];
    while (sized.length < STEPS) {
      const before = await looked.settled();
      const size = (WAITING / STEPS) * (sized.length + 1);
      await postgres.freeze();
      try {
        await crowds.send(HTTP_WRITE, size);
        await untilQueued(looked, size);
        sized.push([size, beyond(before, await looked.look())]);
      } finally {
        await postgres.thaw();
      }
      await crowds.answers();
    }
    return sized;
  } finally {
    crowds.end();
    await looked.service.stop();
  }
}

/** As many connections as wanted, or as this machine lets one process have. */
async function resting(field: Field, files: number, say: Say): Promise<void> {
  const most = Math.min(RESTING, files - OTHER_FILES);
  if (most < RESTING) {
    say(
      `\nA process may have ${whole(files)} files open here, and not be given more: ${whole(most)} connections it is`,
    );
  }
  const looked = await started(field, 'bytes-resting', { MAX_CONNECTIONS: String(most + OTHER_FILES) });
  const { url } = looked.service;
  const crowds = new Crowds(portOf(looked), HTTP_READ, most, files);
  try {
    const before = await looked.settled();
    const beganMs = performance.now();
    const { open, failed } = await openAll(crowds, most);
    const seconds = (performance.now() - beganMs) / 1_000;
    say(`\n${whole(open)} connections at rest at one instance, opened in ${seconds.toFixed(1)} s; ${failed} failed`);
    const full = await looked.settled();
    const each = whole((full.rss - before.rss) / open);
    say(`  resident: ${mebibytes(before)} MiB before, ${mebibytes(full)} MiB with them, ${each} bytes for each`);
    await askAgain(crowds, open);
    for (const [label, method, path] of PROBED) say(`  ${label}: ${await latencies(url, method, path)}`);
    say(`  still open: ${whole(await gauge(looked, 'evercount_http_connections_open'))}`);
    await crowds.close();
    await eventually(async () => (await gauge(looked, 'evercount_http_connections_open')) <= OWN_CONNECTIONS);
    const after = await looked.settled();
    const heap = (kept: Kept): string => whole((kept.heapUsed + kept.external) / MEBIBYTE);
    say(`  all closed: ${mebibytes(after)} MiB resident; in use ${heap(before)}, ${heap(full)}, ${heap(after)} MiB`);
  } finally {
    crowds.end();
    await looked.service.stop();
  }
}

/** Asks again and again by those that are open already, which would be closed else. */
async function openAll(crowds: Crowds, most: number): Promise<Done> {
  let done: Done = { open: 0, failed: 0 };
  for (let askedAtMs = performance.now(); done.open < most && done.failed === 0;) {
    done = await crowds.open(Math.min(OPENED_AT_ONCE, most - done.open));
    if (performance.now() - askedAtMs < ASKED_AGAIN_MS) continue;
    await askAgain(crowds, done.open);
    askedAtMs = performance.now();
  }
  return done;
}

async function askAgain(crowds: Crowds, count: number): Promise<void> {
  await crowds.send(HTTP_READ, count);
  await crowds.answers();
}

const PROBED = [
  ['an increment', 'POST', '/v1/counters/probed/increment'],
  ['a read', 'GET', '/v1/counters/probed'],
] as const;

async function latencies(url: string, method: 'GET' | 'POST', path: string): Promise<string> {
  const tookMs: number[] = [];
  while (tookMs.length < PROBES) {
    const startMs = performance.now();
    await ask(url, method, path);
    tookMs.push(performance.now() - startMs);
  }
  const at = (share: number): string => percentile(tookMs, share).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, of ${PROBES} one after the other`;
}

async function ask(url: string, method: 'GET' | 'POST', path: string): Promise<string> {
  const answer = await fetch(`${url}${path}`, { method });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return text;
}

async function started({ arena, generator }: Field, name: string, environment: Environment): Promise<LookedInto> {
  const looked = await startLookedInto(arena, name, environment);
  const { url } = looked.service;
  for (const operation of ['increment', 'read'] as const) {
    await generator.run(url, of(operation, MANY), WARM_UP_CONNECTIONS, WARM_UP_SECONDS);
  }
  await ask(url, 'POST', '/v1/counters/resting/increment');
  await looked.settled();
  return looked;
}

async function untilQueued(looked: LookedInto, size: number): Promise<void> {
  const deadlineMs = performance.now() + QUEUED_WITHIN_MS;
  while ((await gauge(looked, 'evercount_write_queue_length')) < size) {
    if (performance.now() > deadlineMs) throw new Error(`${size} writes were not queued in time`);
    await sleep(POLL_MS);
  }
}

async function gauge({ service }: LookedInto, name: string): Promise<number> {
  return parse(await ask(service.url, 'GET', '/metrics')).get(name) ?? NaN;
}

const portOf = ({ service }: LookedInto): number => Number(new URL(service.url).port);

function beyond(before: Kept, now: Kept): Kept {
  return {
    rss: now.rss - before.rss,
    heapUsed: now.heapUsed - before.heapUsed,
    external: now.external - before.external,
  };
}

function rowOf(label: string, sized: Sized): string {
  const slope = (kind: keyof Kept): string => whole(slopeOf(sized.map(([size, kept]): Point => [size, kept[kind]])));
  const sizes = sized.map(([size]) => whole(size)).join('; ');
  return `| ${label} | ${slope('rss')} | ${slope('heapUsed')} | ${slope('external')} | ${sizes} |`;
}

const mebibytes = ({ rss }: Kept): string => whole(rss / MEBIBYTE);
const whole = (value: number): string => Math.round(value).toLocaleString('en');
