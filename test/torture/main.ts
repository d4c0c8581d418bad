/**
 * `npm run torture -- --minutes 5 --seed N --out folder`: breaks everything under load and prints a verdict. Exit code
 * 0: nothing was lost, counted twice, stale or wrong; 1: something was; 2: it could not be run.
 */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MAX_BUCKETS } from '../../src/domain/bucket.js';
import { CLUSTER_FAULTS, SENTINEL_FAULTS } from './redis-failover-faults.js';
import { FAILOVER_KINDS, FAULT_KINDS, type FaultKind, kindsOn } from './faults.js';
import { REDIS_KINDS, type RedisKind } from './ground.js';
import { mutated } from './mutants/program.js';
import { isMutantName, MUTANT_NAMES, type MutantName, MUTANTS } from './mutants/names.js';
import { htmlReport } from './page.js';
import { jsonReport, textReport } from './report.js';
import { timelineSvg } from './timeline.js';
import { torture } from './torture.js';

const DEFAULT_MINUTES = 5;

/** Bringing up, healing and bringing down have limits of their own, which add up to less. */
const OVERTIME_MS = 600_000;
const CLUSTER_OVERTIME_MS = 900_000;

const HELP = `npm run torture -- [options]
  --minutes n    how long faults are struck, 5 by default; fractions are allowed
  --seed n       repeats the schedule of another run; drawn and printed by default
  --redis kind   single, sentinel (a primary, a replica, three Sentinels) or cluster (three primaries with a replica each)
  --failover     on three Postgres servers with Patroni and HAProxy, struck as such a cluster is
  --edges n      as many places deliver what they count, each cut off nine tenths of the time, and killed now and then
  --workers n    each instance has as many processes that answer, and one that commits for them
  --buckets n    into how many the truth is divided; 1 by default
  --faults a,b   only these kinds of faults
  --beside file  the dist/main.js of another version: each instance runs the one and the other in turns, so that every
                 restart is an upgrade or a step back
  --mutant name  a service that is wrong in one thing, under the faults that show it; ends with what was found
  --out folder   where the reports go, a new folder for temporary files by default
Kinds of faults: ${FAULT_KINDS.join(', ')}
With --redis sentinel also: ${Object.keys(SENTINEL_FAULTS).join(', ')}
With --redis cluster also: ${Object.keys(CLUSTER_FAULTS).join(', ')}
With --failover: ${FAILOVER_KINDS.join(', ')}
Mutants: ${MUTANT_NAMES.join(', ')}
`;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly failover: boolean;
  readonly edges: number;
  readonly workers: number;
  readonly buckets: number;
  /** Null: this version alone. */
  readonly beside: string | null;
  readonly redis: RedisKind;
  readonly mutant: MutantName | null;
  readonly out: string | null;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: String(DEFAULT_MINUTES) },
      seed: { type: 'string', default: String(randomInt(2 ** 32 - 1)) },
      faults: { type: 'string', default: '' },
      failover: { type: 'boolean', default: false },
      edges: { type: 'string', default: '0' },
      workers: { type: 'string', default: '1' },
      buckets: { type: 'string', default: '1' },
      beside: { type: 'string' },
      redis: { type: 'string', default: 'single' },
      mutant: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(HELP);
    process.exit(0);
  }
  const [minutes, seed, edges] = [Number(values.minutes), Number(values.seed), Number(values.edges)];
  if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, and got ${values.minutes}`);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new Error(`--seed takes a whole number below 2^32, and got ${values.seed}`);
  }
  if (!Number.isInteger(edges) || edges < 0) throw new Error(`--edges takes a whole number, and got ${values.edges}`);
  const workers = Number(values.workers);
  if (!Number.isInteger(workers) || workers < 1)
    throw new Error(`--workers takes a whole number, and got ${values.workers}`);
  if (workers > 1 && values.failover) throw new Error('--workers takes no --failover');
  const buckets = Number(values.buckets);
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > MAX_BUCKETS) {
    throw new Error(`--buckets takes a whole number from 1 to ${MAX_BUCKETS}, and got ${values.buckets}`);
  }
  const mutant = values.mutant ?? null;
  if (mutant !== null && !isMutantName(mutant)) throw new Error(`There is no mutant "${mutant}"`);
  const { failover, beside = null } = values;
  if (beside !== null && (failover || mutant !== null)) throw new Error('--beside takes no --failover and no --mutant');
  if (beside !== null && edges > 0) throw new Error('--beside takes no --edges: another version may know none');
  if (beside !== null && buckets > 1) throw new Error('--beside takes no --buckets: another version may know none');
  if (failover && mutant !== null) throw new Error('--failover takes no --mutant');
  const redis = REDIS_KINDS.find((kind) => kind === values.redis);
  if (redis === undefined) throw new Error(`--redis takes ${REDIS_KINDS.join(', ')}, and got ${values.redis}`);
  if (redis !== 'single' && failover) throw new Error('--failover takes no --redis');
  const all = failover ? FAILOVER_KINDS : kindsOn(redis);
  const kinds = values.faults === '' && mutant !== null ? MUTANTS[mutant] : kindsOf(values.faults, all);
  return { minutes, seed, kinds, failover, edges, workers, buckets, redis, beside, mutant, out: values.out ?? null };
}

function kindsOf(text: string, all: readonly FaultKind[]): readonly FaultKind[] {
  if (text === '') return all;
  return text.split(',').map((name) => {
    const kind = all.find((known) => known === name.trim());
    if (kind === undefined) throw new Error(`--faults got "${name}"; there are: ${all.join(', ')}`);
    return kind;
  });
}

async function main(): Promise<number> {
  const { minutes, seed, kinds, failover, edges, workers, buckets, redis, beside, mutant, out } = optionsOf(
    process.argv.slice(2),
  );
  say(`seed ${seed}: repeat this schedule by --seed ${seed}`);
  const lastsMs = minutes * 60_000;
  const overtime = setTimeout(
    () => {
      say('It did not come to an end in time, and is cut off.');
      process.exit(2);
    },
    lastsMs + (failover ? CLUSTER_OVERTIME_MS : OVERTIME_MS),
  );
  const programs = beside === null ? [undefined] : [undefined, [resolve(beside)]];
  const plan = {
    seed,
    lastsMs,
    kinds,
    failover,
    edges,
    workers,
    buckets,
    redis,
    withEnds: true,
    programs,
    say,
    ...(mutant === null ? {} : mutated(mutant)),
  };
  const outcome = await torture(plan).finally(() => clearTimeout(overtime));
  const folder = out ?? (await mkdtemp(join(tmpdir(), 'evercount-torture-')));
  await mkdir(folder, { recursive: true });
  const text = textReport(outcome);
  await writeFile(join(folder, 'report.txt'), text);
  await writeFile(join(folder, 'report.json'), jsonReport(outcome));
  await writeFile(join(folder, 'report.html'), htmlReport(outcome));
  await writeFile(join(folder, 'timeline.svg'), timelineSvg(outcome.timeline, outcome.struck));
  await Promise.all(
    outcome.logs.map((lines, index) => writeFile(join(folder, `instance-${index}.log`), `${lines.join('\n')}\n`)),
  );
  say(`\n${text}\nreports in ${folder}`);
  return outcome.passed ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(2));
try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 2;
}
// Whatever a broken run left open must not keep it from ending.
process.exit();
