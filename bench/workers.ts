/**
 * `node scripts/run.mjs bench/workers.ts [seconds]`: what an increment costs the process that commits and a worker, what
 * it costs where every process commits for itself, and from these what more cores would carry. A machine of two cores
 * cannot show that; the CPU time of each process it can.
 */
import { readFileSync } from 'node:fs';
import { Arena } from './arena.js';
import { cpuSeconds, familyCpuSeconds } from './cpu.js';
import { type Child, startService } from './child.js';
import { findGenerator } from './load/generator.js';
import type { Workload } from './load/workload.js';
import { HOT, keyed, MANY, of } from './workloads.js';

/** Many: batches are large where the process that commits is the limit. */
const CONNECTIONS = 256;

/** Code that is loaded in several processes takes longer to be compiled. */
const WARM_UP_SECONDS = 10;
const CORES = [2, 4, 8, 16] as const;

/** Microseconds of CPU time of one request. */
interface Cost {
  /** Of processes that answer and commit, or of workers, all together. */
  readonly answering: number;
  /** Of the process that commits and does nothing else. */
  readonly committing: number;
  readonly postgres: number;
  readonly redis: number;
  readonly perSecond: number;
}

const WORKLOADS: readonly (readonly [string, Workload])[] = [
  ['one hot counter', of('increment', HOT)],
  ['one hot counter, a key each', keyed(of('increment', HOT))],
  ['10,000 counters', of('increment', MANY)],
];

const [seconds = '6'] = process.argv.slice(2);

process.env['TEST_SERVERS'] ??= 'local';
process.setMaxListeners(0);
const generator = findGenerator(console.log);
const arena = new Arena();
try {
  for (const [label, workload] of WORKLOADS) {
    console.log(`\n${label}, CPU µs of one request`);
    console.log('| | answering | committing | Postgres | Redis | requests a second here |');
    console.log('| --- | --: | --: | --: | --: | --: |');
    const alone = tell('one process', await costOf(workload, 1, {}));
    const two = tell('two instances', await costOf(workload, 2, {}));
    const shared = tell('WORKERS=2', await costOf(workload, 1, { WORKERS: '2' }));
    tell('WORKERS=4', await costOf(workload, 1, { WORKERS: '4' }));
    foretell(alone, two, shared, workload.names.kind === 'hot');
  }
} finally {
  await arena.stop();
}

async function costOf(workload: Workload, instances: number, environment: Record<string, string>): Promise<Cost> {
  const redis = await arena.serviceRedis();
  const servers = { DATABASE_URL: await arena.serviceDatabase(), REDIS_URL: redis.url };
  const children: Child[] = [];
  for (let index = 0; index < instances; index += 1) children.push(await startService({ ...servers, ...environment }));
  const postgresPid = (await arena.postgres()).pid();
  const load = async (time: number): Promise<number> => {
    const share = CONNECTIONS / children.length;
    const results = await Promise.all(children.map(({ url }) => generator.run(url, workload, share, time)));
    return results.reduce((sum, { requests }) => sum + requests, 0);
  };
  try {
    await load(WARM_UP_SECONDS);
    const spent = (): readonly number[] => {
      const workers = children.flatMap(({ pid }) => childrenOf(pid));
      const own = children.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
      const theirs = workers.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
      const [answering, committing] = workers.length === 0 ? [own, 0] : [theirs, own];
      return [answering, committing, familyCpuSeconds(postgresPid), familyCpuSeconds(redis.pid())];
    };
    const before = spent();
    const requests = await load(Number(seconds));
    const micros = spent().map((after, at) => ((after - (before[at] ?? NaN)) * 1e6) / requests);
    const [answering = NaN, committing = NaN, postgres = NaN, redisMicros = NaN] = micros;
    return { answering, committing, postgres, redis: redisMicros, perSecond: requests / Number(seconds) };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

function tell(label: string, cost: Cost): Cost {
  const { answering, committing, postgres, redis, perSecond } = cost;
  const cells = [answering, committing, postgres, redis].map((micros) => micros.toFixed(1));
  console.log(`| ${label} | ${cells.join(' | ')} | ${Math.round(perSecond).toLocaleString('en')} |`);
  return cost;
}

/**
 * The model, in plain sight. One process is full at 1e6 / `answering` a second. Where one commits for all, its share of a
 * request is not divided: it commits no more than 1e6 / `committing`, and Postgres, by one session, no more than 1e6 /
 * `postgres`; below that all cores share the whole cost. Where each commits for itself, all cores share a whole cost that is
 * taken to be that of two instances, although batches get smaller with each further one. But a row is one batch's at a time:
 * of a hot counter two instances make the share of one process that they were seen to make, and further ones no more.
 */
function foretell(alone: Cost, two: Cost, shared: Cost, isHot: boolean): void {
  const whole = ({ answering, committing, postgres, redis }: Cost): number => answering + committing + postgres + redis;
  const text = (perSecond: number): string => Math.round(perSecond).toLocaleString('en');
  console.log('\n| cores | one process | one commits for all | its limit | each for itself |');
  console.log('| --: | --: | --: | --- | --: |');
  for (const cores of CORES) {
    const limits = {
      'all cores': (cores * 1e6) / whole(shared),
      'the process that commits': 1e6 / shared.committing,
      'a session of Postgres': 1e6 / shared.postgres,
    };
    const [limit, most] = Object.entries(limits).reduce((one, other) => (other[1] < one[1] ? other : one));
    const single = Math.min((cores * 1e6) / whole(alone), 1e6 / alone.answering, 1e6 / alone.postgres);
    const apart = isHot ? (single * two.perSecond) / alone.perSecond : (cores * 1e6) / whole(two);
    console.log(`| ${cores} | ${text(single)} | ${text(most)} | ${limit} | ${text(apart)} |`);
  }
}

/** The processes that a process has forked. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}
