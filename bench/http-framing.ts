/**
 * What it saves to have several requests in one packet: HTTP/1.1 with pipelines, and HTTP/2 without TLS, each with as many
 * requests under way. CPU time of the process that answers, which other work on the machine disturbs least. Called with
 * seconds a turn.
 */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { Arena } from './arena.js';
import { type Child, startOpponent, startService } from './child.js';
import { familyCpuSeconds } from './cpu.js';
import { nameOf } from './load/workload.js';
import { median } from './median.js';
import { seedByBatches } from './seed.js';

/** Requests under way, of all connections together. */
const UNDER_WAY = 64;
/** Requests that a connection has under way. */
const DEPTHS = [1, 4, 16] as const;
const ROUNDS = 3;
const WARM_UP_SECONDS = 2;

const PATH = `/v1/counters/${nameOf(0)}`;

interface Load {
  /** Answers until now. */
  readonly answered: () => number;
  readonly stop: () => void;
}

interface Entrant {
  readonly label: string;
  readonly start: () => Promise<Child>;
  /** Asks on one connection, `depth` requests at a time. */
  readonly ask: (url: URL, depth: number) => Promise<Load>;
}

const [seconds = '3'] = process.argv.slice(2);

process.env['TEST_SERVERS'] ??= 'local';
const arena = new Arena();
const ENTRANTS: readonly Entrant[] = [
  { label: 'constant answer, HTTP/1.1', start: () => startOpponent('constant', {}), ask: askHttp1 },
  { label: 'constant answer, HTTP/2', start: () => startOpponent('constant-http2', {}), ask: askHttp2 },
  { label: 'cached read of evercount, HTTP/1.1', start: startSeeded, ask: askHttp1 },
];

try {
  console.log(`CPU µs a request, ${UNDER_WAY} under way; ${DEPTHS.join(', ')} of them on each connection:`);
  for (const { label, start, ask } of ENTRANTS) {
    const child = await start();
    const rounds = DEPTHS.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, depth] of DEPTHS.entries()) rounds[index]?.push(await microsOf(child, ask, depth));
    }
    await child.stop();
    console.log(`${label.padEnd(36)} ${rounds.map((micros) => median(micros).toFixed(1).padStart(7)).join(' ')}`);
  }
} finally {
  await arena.stop();
}

async function startSeeded(): Promise<Child> {
  const redis = await arena.serviceRedis();
  const child = await startService({ DATABASE_URL: await arena.serviceDatabase(), REDIS_URL: redis.url });
  await seedByBatches(child.url, [nameOf(0)]);
  return child;
}

async function microsOf({ url, pid }: Child, ask: Entrant['ask'], depth: number): Promise<number> {
  const loads = await Promise.all(Array.from({ length: UNDER_WAY / depth }, () => ask(new URL(url), depth)));
  const answered = (): number => loads.reduce((sum, load) => sum + load.answered(), 0);
  await after(WARM_UP_SECONDS);
  const [spentBefore, answeredBefore] = [familyCpuSeconds(pid), answered()];
  await after(Number(seconds));
  const [spent, came] = [familyCpuSeconds(pid) - spentBefore, answered() - answeredBefore];
  for (const load of loads) load.stop();
  return (spent * 1e6) / came;
}

/** Sends `depth` requests in one write, and again when all of them are answered. */
async function askHttp1(url: URL, depth: number): Promise<Load> {
  const socket = connect(Number(url.port), url.hostname).setNoDelay();
  await once(socket, 'connect');
  const requests = `GET ${PATH} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`.repeat(depth);
  let [answered, pending, rest] = [0, depth, ''];
  socket.setEncoding('latin1').on('data', (text: string) => {
    const parts = (rest + text).split('HTTP/1.1 200 OK\r\n');
    const found = parts.length - 1;
    // What is left may end within the words that are looked for, or before the end of the last answer.
    rest = parts.at(-1) ?? '';
    answered += found;
    pending -= found;
    if (pending > 0 || !rest.endsWith('}')) return;
    [pending, rest] = [depth, ''];
    socket.write(requests);
  });
  socket.on('error', () => undefined);
  socket.write(requests);
  return { answered: () => answered, stop: () => void socket.destroy() };
}

/** Has `depth` streams under way, and opens the next ones when all of them are answered. */
async function askHttp2(url: URL, depth: number): Promise<Load> {
  const session = connectHttp2(url.origin);
  await once(session, 'connect');
  let [answered, pending, stopped] = [0, 0, false];
  session.on('error', () => undefined);
  const ask = (): void => {
    pending = depth;
    for (let index = 0; index < depth; index += 1) {
      const stream = session.request({ ':path': PATH });
      stream
        .on('error', () => undefined)
        .on('close', () => {
          answered += 1;
          pending -= 1;
          if (pending === 0 && !stopped) ask();
        });
      stream.resume();
    }
  };
  ask();
  const stop = (): void => {
    stopped = true;
    session.destroy();
  };
  return { answered: () => answered, stop };
}

function after(wanted: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, wanted * 1000));
}
