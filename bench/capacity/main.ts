/**
 * `node scripts/run.mjs bench/capacity/main.ts`: what 10^5, 10^6 and 10^7 increments a second and 10^9 counters need.
 * Measures what things cost on this machine, adds up the rest, and lays a simulation of the queues beside it. Takes about
 * four minutes, and prints the tables of docs/capacity.md.
 */
import { migrate } from '../../src/store/migrate.js';
import { Arena } from '../arena.js';
import { findGenerator } from '../load/generator.js';
import { describeMachine, syncsMs } from '../machine.js';
import { median } from '../median.js';
import { AIM, type Costs, LONGEST_P99_MS, NODE, ROUND_TRIP_MS } from './costs.js';
import { bendOf, byFormula, bySimulation, CASES, COMPARED_AT, simulatedRun } from './checks.js';
import { measureHistory } from './history-costs.js';
import { type Demand, instancesFor, needsOf } from './model.js';
import { measureService, type Run } from './service-costs.js';
import { measureStatements } from './statement-costs.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const figure = (value: number): string => (value >= 10 ? whole(value) : value.toPrecision(2));
const power = (value: number): string => `10^${Math.round(Math.log10(value))}`;

/** @param texts how many of the columns hold no figures */
function table(title: string, texts: number, head: readonly string[], rows: readonly (readonly string[])[]): void {
  say(`\n${title}\n`);
  for (const row of [head, head.map((_, column) => (column < texts ? '---' : '---:')), ...rows]) {
    say(`| ${row.join(' | ')} |`);
  }
}

function tellCosts(costs: Costs): void {
  const sizes = [...costs.same.keys()];
  table(
    'Milliseconds of one processor of Postgres for a batch',
    1,
    ['names', 'always the same', 'any of 500,000', 'with a key each'],
    sizes.map((size) => [
      whole(size),
      ...[costs.same, costs.anywhere, costs.keyed].map((curve) => {
        const ms = curve.get(size);
        return ms === undefined ? '' : figure(ms);
      }),
    ]),
  );
  table(
    'What else was measured',
    2,
    ['what', 'of', 'figure'],
    [
      ['history, processor', 'a name in a batch', `${figure(costs.changeMs * 1_000)} µs`],
      ['history, processor', "a counter's minute", `${figure(costs.minuteMs * 1_000)} µs`],
      ['service, processor', 'a request with one increment', `${figure(costs.requestMs * 1_000)} µs`],
      ['service, processor', 'a request with 100', `${figure(costs.hundredMs * 1_000)} µs`],
      ['Redis, processor', 'a name published', `${figure(costs.publishMs * 1_000)} µs`],
      ['log', 'a batch', `${whole(costs.logPerBatch)} bytes`],
      ['log', 'a name in it', `${whole(costs.logPerName)} bytes`],
      ['log', 'an idempotency key', `${whole(costs.logPerKey)} bytes`],
      ['log', 'a page changed for the first time since a checkpoint', `${whole(costs.logPerPage)} bytes`],
      ['log', "a counter's minute in the history", `${whole(costs.logPerMinute)} bytes`],
      ['disk', 'a counter', `${whole(costs.counterBytes)} bytes`],
      ['disk', 'a name in a batch, for ten minutes', `${whole(costs.batchNameBytes)} bytes`],
      ['disk', 'an idempotency key', `${whole(costs.keyBytes)} bytes`],
      [
        'disk',
        'history: a minute, an hour, a day',
        [costs.minuteBytes, costs.hourBytes, costs.dayBytes].map(whole).join(', '),
      ],
      ['Redis, memory', 'an entry', `${whole(costs.entryBytes)} bytes`],
      [
        'flush of the log',
        'median, longest of 200',
        `${figure(costs.flushMs[99] ?? NaN)}, ${figure(costs.flushMs[199] ?? NaN)} ms`,
      ],
    ],
  );
}

const RATES = [1e5, 1e6, 1e7] as const;
const MIXES: readonly (readonly [
  label: string,
  mix: Pick<Demand, 'counters' | 'hotShare' | 'keyed' | 'hoursKeptDays'>,
])[] = [
  ['one counter', { counters: 1, hotShare: 1, keyed: false, hoursKeptDays: 400 }],
  ['10,000 counters', { counters: 10_000, hotShare: 0, keyed: false, hoursKeptDays: 400 }],
  ['10,000, a key each', { counters: 10_000, hotShare: 0, keyed: true, hoursKeptDays: 400 }],
  ['10^9, half on one of each Postgres', { counters: 1e9, hotShare: 0.5, keyed: false, hoursKeptDays: 7 }],
  ['10^9 alike', { counters: 1e9, hotShare: 0, keyed: false, hoursKeptDays: 400 }],
  ['10^9 alike, hours for 7 days', { counters: 1e9, hotShare: 0, keyed: false, hoursKeptDays: 7 }],
];

function tellNeeds(costs: Costs): void {
  const head = [
    'increments/s',
    'counters',
    'bends first',
    'Postgres',
    'instances',
    'if one a request',
    'lanes of each',
    'processors of Postgres',
    'Redis',
    'log MB/s',
    'disk TB',
    'p99 ms',
  ];
  const rows = RATES.flatMap((perSecond) =>
    MIXES.map(([label, mix]) => {
      const needs = needsOf(costs, { ...mix, perSecond, perRequest: 100 }, NODE);
      const alone = whole(instancesFor(costs, perSecond, 1));
      if (needs === null) return [power(perSecond), label, 'none would do', ...Array.from({ length: 9 }, () => '')];
      const { evercounts, one, bendsFirst, redisMasters } = needs;
      return [
        power(perSecond),
        label,
        bendsFirst,
        whole(evercounts),
        whole(evercounts * one.instances),
        alone,
        whole(one.lanes),
        figure(evercounts * one.processors),
        whole(redisMasters),
        figure((evercounts * one.logBytesPerSecond) / 1e6),
        figure((evercounts * one.diskBytes) / 1e12),
        figure(one.cycle.p99Ms),
      ];
    }),
  );
  table('What it needs, with 100 increments in a request', 3, head, rows);
}

function tellRuns(costs: Costs, runs: readonly Run[]): void {
  const rows = runs.flatMap((run) => {
    const found = simulatedRun(costs, run);
    const row = (
      who: string,
      one: Pick<
        Run,
        'perSecond' | 'p50Ms' | 'p99Ms' | 'incrementsInBatch' | 'commitsPerSecond' | 'postgres' | 'service'
      >,
    ) => [
      `${run.label}: ${who}`,
      whole(one.perSecond),
      figure(one.p50Ms),
      figure(one.p99Ms),
      whole(one.commitsPerSecond),
      figure(one.incrementsInBatch),
      one.postgres.toFixed(2),
      one.service.toFixed(2),
    ];
    return [row(`measured, ${run.processors.toFixed(1)} processors left`, run), row('simulated', found)];
  });
  const head = [
    '64 clients, 10,000 counters',
    'increments/s',
    'p50 ms',
    'p99 ms',
    'commits/s',
    'in a batch',
    'Postgres',
    'service',
  ];
  table('The simulation beside what ran here', 1, head, rows);
}

function tellQueues(costs: Costs): void {
  const bends = CASES.map((one) => ({ one, bend: bendOf(costs, one) }));
  const shape = ({ label, instances, lanes }: (typeof CASES)[number]) => [label, whole(instances), whole(lanes)];
  table(
    `Where one Postgres bends: the highest rate with a p99 of ${LONGEST_P99_MS} ms`,
    1,
    ['counters', 'instances', 'lanes of each', 'by the formula', 'by the simulation', 'held up by'],
    bends.map(({ one, bend }) => [...shape(one), whole(bend.formula), whole(bend.simulation), bend.bound]),
  );
  const head = [
    'counters',
    'instances',
    'lanes',
    'increments/s',
    'p50 ms',
    'simulated',
    'p99 ms',
    'simulated',
    'in a batch',
    'simulated',
    'processors',
    'simulated',
  ];
  const rows = bends.flatMap(({ one, bend }) =>
    COMPARED_AT.map((share) => {
      const perSecond = share * Math.min(bend.formula, bend.simulation);
      const [formula, found] = [byFormula(costs, one, perSecond), bySimulation(costs, one, perSecond)];
      return [
        ...shape(one),
        whole(perSecond),
        figure(formula.p50Ms),
        figure(found.p50Ms),
        figure(formula.p99Ms),
        figure(found.p99Ms),
        figure(formula.increments),
        figure(found.incrementsInBatch),
        figure(formula.processors),
        figure(found.postgres),
      ];
    }),
  );
  table('Formula and simulation, at 30, 60 and 90 % of that', 1, head, rows);
}

process.env['TEST_SERVERS'] ??= 'local';
const arena = new Arena();
try {
  const generator = findGenerator(say);
  const urls = await Promise.all(['statements', 'history'].map((name) => arena.databaseOf(name)));
  for (const url of urls) await migrate(url);
  const [statements = '', history = ''] = urls;
  const machine = await describeMachine(statements);
  say(
    `${machine.cpu}, ${machine.cores} processors, ${machine.system}, Node ${machine.node}, Postgres ${machine.postgres}, ${machine.redis}`,
  );
  say(`${machine.loadBefore.toFixed(1)} processes wanted to run before; load by ${generator.name}`);
  const turns: (readonly number[])[] = [syncsMs()];
  const measured = { ...(await measureStatements(statements)), ...(await measureHistory(history)) };
  turns.push(syncsMs());
  const { costs: service, runs } = await measureService({ arena, generator });
  turns.push(...runs.map(({ flushMs }) => flushMs));
  // Of several turns that which others disturbed least.
  const [least = []] = turns.sort((a, b) => median(a) - median(b));
  const flushMs = [...least].sort((a, b) => a - b);
  const costs: Costs = { ...measured, ...service, flushMs };
  tellCosts(costs);
  const gigabytes = (bytes: number): string => whole(bytes / 1e9);
  say(
    `\nOf a Postgres is assumed: ${NODE.processors} processors, ${gigabytes(NODE.memoryBytes)} GB of memory, ` +
      `${gigabytes(NODE.diskBytes)} GB of disk, ${whole(NODE.logBytesPerSecond / 1e6)} MB/s of log, ` +
      `${whole(NODE.readsPerSecond)} reads/s; of a Redis ${gigabytes(NODE.redisBytes)} GB; ${ROUND_TRIP_MS} ms there and back; ` +
      `of all of it, ${AIM * 100} % is used`,
  );
  tellNeeds(costs);
  tellRuns(costs, runs);
  tellQueues(costs);
} finally {
  await arena.stop();
}
