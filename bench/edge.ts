/**
 * `npm run bench -- --edge`: what an edge counts in a second, beside one insert of SQLite for each increment; how large
 * what waits is, on the disk and on the wire; and how fast it is delivered.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_DELIVERED } from '../src/domain/delivery.js';
import { Counting } from '../src/edge/counting.js';
import { Courier } from '../src/edge/courier.js';
import { EdgeFile } from '../src/edge/edge-file.js';
import { Outbox } from '../src/edge/outbox.js';
import { type Counted, Tally } from '../src/edge/tally.js';
import { Upstream } from '../src/edge/upstream.js';
import type { Arena } from './arena.js';
import { startEdge, startOpponent } from './child.js';
import { findGenerator } from './load/generator.js';
import { BATCH_ITEMS, itemsOf, type Workload } from './load/workload.js';
import { syncMs } from './machine.js';
import { median } from './median.js';
import { insertsInto } from './opponents/inserts.js';

const CALLERS = 64;
const ITEMS = 100_000;
const NAMES = 1_000;
const MINUTE_MS = 60_000;

type Say = (line: string) => void;

/** Who counts; answers increments a second. */
interface Entrant {
  readonly label: string;
  /** The label of whom it is compared with; null: with nobody. */
  readonly beside: string | null;
  readonly turn: (seconds: number) => Promise<number>;
}

/** Prints three tables. */
export async function benchEdge(
  arena: Arena,
  say: Say,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'evercount-edge-'));
  const endings: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
  try {
    say(`A sync takes ${syncMs().toFixed(2)} ms; ${rounds} rounds of ${seconds} s each\n`);
    await contest([...inProcess(folder, endings), ...(await overHttp(folder, endings, say))], rounds, seconds, say);
    await sizes(folder, say);
    await deliver(folder, arena, say);
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

async function contest(entrants: readonly Entrant[], rounds: number, seconds: number, say: Say): Promise<void> {
  const figures = new Map(entrants.map(({ label }) => [label, [] as number[]]));
  // So that code is compiled.
  for (const { turn } of entrants) await turn(1);
  for (let round = 0; round < rounds; round += 1) {
    for (const { label, turn } of round % 2 === 0 ? entrants : entrants.toReversed()) {
      figures.get(label)?.push(await turn(seconds));
    }
  }
  say(`| who counts, for ${CALLERS} callers at once | increments/s | times one insert each |`);
  say('| --- | ---: | ---: |');
  for (const { label, beside } of entrants) {
    const own = figures.get(label) ?? [];
    const others = figures.get(beside ?? '');
    const ratios = own.map((figure, round) => figure / (others?.[round] ?? NaN));
    const spread = `${median(ratios).toFixed(1)} (${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)})`;
    say(`| ${label} | ${whole(median(own))} | ${others === undefined ? '' : spread} |`);
  }
}

/** No HTTP in between: what keeping costs. */
function inProcess(folder: string, endings: (() => unknown)[]): Entrant[] {
  const file = EdgeFile.open(join(folder, 'counting.db'));
  endings.push(() => file.close());
  const counting = new Counting(new Tally(file), () => Date.now());
  const inserts = insertsInto(join(folder, 'inserts.db'));
  endings.push(() => inserts.close());
  const inserting = async (name: string): Promise<void> => {
    inserts.add(name);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const hot = (): string => 'counter-0';
  const many = (): string => `counter-${Math.floor(Math.random() * 10_000)}`;
  const beside = 'one insert each';
  return [
    { label: beside, beside: null, turn: turnOf(() => inserting(hot())) },
    { label: 'an edge, one counter', beside, turn: turnOf(() => counting.keep([{ name: hot(), by: 1, key: null }])) },
    {
      label: 'an edge, 10,000 counters',
      beside,
      turn: turnOf(() => counting.keep([{ name: many(), by: 1, key: null }])),
    },
  ];
}

/** Callers that each wait for their answer before they ask again. */
function turnOf(count: () => Promise<unknown>): Entrant['turn'] {
  return async (seconds) => {
    const startMs = performance.now();
    const endMs = startMs + seconds * 1_000;
    let done = 0;
    const caller = async (): Promise<void> => {
      for (; performance.now() < endMs; done += 1) await count();
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return (done * 1_000) / (performance.now() - startMs);
  };
}

async function overHttp(folder: string, endings: (() => unknown)[], say: Say): Promise<Entrant[]> {
  const generator = findGenerator(say);
  const naive = await startOpponent('sqlite-insert', { EDGE_FILE: join(folder, 'naive.db') });
  endings.push(() => naive.stop());
  // Nothing is delivered meanwhile.
  const edge = await startEdge(['--upstream', 'http://127.0.0.1:1', '--file', join(folder, 'edge.db')]);
  endings.push(() => edge.stop());
  const beside = 'over HTTP: one insert each';
  const turn = (url: string, operation: Workload['operation']) => async (seconds: number) => {
    const workload: Workload = { operation, names: { kind: 'hot' }, keyed: false };
    const result = await generator.run(url, workload, CALLERS, seconds);
    if (result.failed > 0) throw new Error(`${result.failed} of the requests to ${url} failed`);
    return (result.requests * itemsOf(workload)) / result.seconds;
  };
  return [
    { label: beside, beside: null, turn: turn(naive.url, 'increment') },
    { label: 'over HTTP: an edge', beside, turn: turn(edge.url, 'increment') },
    { label: `over HTTP: an edge, ${BATCH_ITEMS} in a request`, beside, turn: turn(edge.url, 'batch') },
  ];
}

/** What waits, of kinds from the worst on. */
const WAITING: readonly { readonly label: string; readonly perItem: number; readonly keyed: boolean }[] = [
  { label: 'with a key each', perItem: 1, keyed: true },
  { label: 'one in a minute of a counter', perItem: 1, keyed: false },
  { label: '10 in a minute of a counter', perItem: 10, keyed: false },
];

async function sizes(folder: string, say: Say): Promise<void> {
  say(`\n| increments that wait, ${NAMES} counters | bytes of each on the disk | bytes of each on the wire |`);
  say('| --- | ---: | ---: |');
  for (const [index, { label, perItem, keyed }] of WAITING.entries()) {
    const file = EdgeFile.open(join(folder, `waiting-${index}.db`));
    const empty = file.bytes;
    keepItems(file, perItem, keyed);
    const onDisk = (file.bytes - empty) / (ITEMS * perItem);
    const sent = { bytes: 0, items: 0 };
    const answering = answeringUpstream((body) => (sent.bytes += body.length));
    const courier = new Courier(file, new Outbox(file), answering, 1_000, 0);
    for (let pauseMs = await courier.step(); pauseMs !== null; pauseMs = await courier.step());
    sent.items = courier.settled.items;
    await courier.stop();
    file.close();
    say(`| ${label} | ${figure(onDisk)} | ${figure(sent.bytes / (sent.items * perItem))} |`);
  }
}

/** Takes everything, so that a size does not depend on a service. */
function answeringUpstream(taken: (body: Buffer) => void): Pick<Upstream, 'deliver' | 'position' | 'close'> {
  return {
    deliver: (_id, body) => {
      taken(body);
      const results = Array.from({ length: MAX_DELIVERED }, () => ({ status: 200, value: 1 }));
      return Promise.resolve({ status: 200, code: null, retryAfterSeconds: null, body: { results }, fault: null });
    },
    position: () => Promise.reject(new Error('it is never asked')),
    close: () => undefined,
  };
}

/** ITEMS of them, a minute after the other. */
function keepItems(file: EdgeFile, perItem: number, keyed: boolean): void {
  const tally = new Tally(file);
  const beganMs = Date.now() - (ITEMS / NAMES) * MINUTE_MS;
  for (let minute = 0; minute < ITEMS / NAMES; minute += 1) {
    for (let time = 0; time < perItem; time += 1) {
      const group = Array.from({ length: NAMES }, (_, index): Counted => {
        return { name: `shop:${index}:visitors`, by: 1, key: keyed ? randomUUID() : null };
      });
      tally.keep(group, beganMs + minute * MINUTE_MS);
    }
  }
}

/** To a service on this machine: what both sides can do, not a line. */
async function deliver(folder: string, arena: Arena, say: Say): Promise<void> {
  const service = await arena.service();
  say(`\n| delivered to a service, ${MAX_DELIVERED} items in a delivery | deliveries/s | items/s |`);
  say('| --- | ---: | ---: |');
  for (const keyed of [false, true]) {
    const file = EdgeFile.open(join(folder, keyed ? 'deliver-keyed.db' : 'deliver.db'));
    keepItems(file, 1, keyed);
    const courier = new Courier(file, new Outbox(file), new Upstream(service.urls[0] ?? '', null), 1_000, 0);
    const startMs = performance.now();
    for (let pauseMs = await courier.step(); pauseMs !== null; pauseMs = await courier.step()) {
      if (pauseMs > 0) throw new Error(`it was not taken: ${courier.contact.fault}`);
    }
    const seconds = (performance.now() - startMs) / 1_000;
    const { deliveries, items } = courier.settled;
    await courier.stop();
    file.close();
    const label = keyed ? 'with a key each' : 'added up by counter and minute';
    say(`| ${label} | ${figure(deliveries / seconds)} | ${whole(items / seconds)} |`);
  }
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const figure = (value: number): string => (value < 10 ? value.toPrecision(2) : whole(value));
