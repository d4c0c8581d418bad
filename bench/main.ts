/** `npm run bench`: runs the contests, prints tables and targets, and writes down what came out. */
import { BUN_IS_THERE, HOW_TO_INSTALL } from '../test/support/runtime.js';
import { againstContests, buildEarlier, type Earlier } from './against.js';
import { Arena } from './arena.js';
import { measureBytesEach } from './bytes-each.js';
import { type Contest, JUDGED_CONNECTIONS } from './contest.js';
import { contests, type Programs } from './contests.js';
import { benchEdge } from './edge.js';
import type { Entrant, Field } from './entrants.js';
import { benchForecasts } from './forecast.js';
import { findGenerator } from './load/generator.js';
import { describeMachine } from './machine.js';
import { watchMemory } from './memory.js';
import { measureOverload } from './overload.js';
import { optionsOf, type Options, USAGE } from './options.js';
import { comparedWithPast } from './past-runs.js';
import { findWebdis } from './opponents/webdis.js';
import { pgbenchPath } from './pgbench.js';
import { writeDocs, writeLatest } from './report/files.js';
import type { Report } from './report/report.js';
import {
  contestTable,
  courseTable,
  memoryLine,
  overloadTable,
  sizeTable,
  targetTable,
  turnLine,
  upkeepTable,
} from './report/table.js';
import { type ContestResult, type Pace, runContest } from './rounds.js';
import { measureSizes, type Sizes } from './sizes.js';
import { speedLine, speedOf } from './speed.js';
import { isJudged, judge } from './targets.js';
import { measureUpkeep } from './upkeep.js';

/** Code is compiled by then, the service's larger one as well; most of it by the shorter time. */
const [WARM_UP_SECONDS, QUICK_WARM_UP_SECONDS] = [3, 2];

/** Exit code of a command line that cannot be understood. */
const EXIT_USAGE = 2;

/** What `--only` takes beside contests; the last one takes long, and is run only by name or by `--long`. */
const [SIZES, UPKEEP, OVERLOAD, MEMORY] = ['sizes', 'upkeep', 'overload', 'memory'];

const say = (line: string) => console.log(line);

const options = optionsOrExit();
// Containers would put a network between the servers and whoever is measured.
process.env['TEST_SERVERS'] ??= 'local';
// Each server and program hangs on the end of this process.
process.setMaxListeners(0);
const arena = new Arena(options.buckets);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void arena.stop().then(() => process.exit(1)));
let earlier: Earlier | null = null;
try {
  if (options.forecast) await benchForecasts(say);
  else if (options.edge) await benchEdge(arena, say, options);
  else if (options.bytesEach) await measureBytesEach({ arena, generator: findGenerator(say) }, say);
  else if (options.against === null) await main(options);
  else {
    earlier = await buildEarlier(options.against, say);
    await compare(earlier, options);
  }
} finally {
  await arena.stop();
  await earlier?.remove();
}

/** Beside an earlier commit; nothing is judged and nothing is written. */
async function compare(beside: Earlier, { rounds, sideRounds, seconds }: Options): Promise<void> {
  const field: Field = { arena, generator: findGenerator(say) };
  const pace: Pace = { rounds, sideRounds, seconds, warmUpSeconds: QUICK_WARM_UP_SECONDS };
  const chosen = choose(againstContests(field, beside), options);
  for (const contest of chosen) await run(contest, field, JUDGED_CONNECTIONS, pace);
}

async function main(options: Options): Promise<void> {
  const { quick, only, rounds, sideRounds, seconds, docs, long } = options;
  const startedAt = new Date().toISOString();
  const machine = await describeMachine(await arena.opponentsDatabase());
  const field: Field = { arena, generator: findGenerator(say) };
  const pace: Pace = { rounds, sideRounds, seconds, warmUpSeconds: quick ? QUICK_WARM_UP_SECONDS : WARM_UP_SECONDS };
  const speed = await speedOf(arena, field.generator);
  // No target is about it, so it need not be fetched for a quick run.
  const programs: Programs = { pgbenchPath: pgbenchPath(), webdisProgram: quick ? null : findWebdis(say) };
  const chosen = choose(contests(field, programs, options.rows), options);
  say(
    `${machine.cpu}, ${machine.cores} cores, load ${machine.loadBefore.toFixed(1)}; Node ${machine.node}, ` +
      `Postgres ${machine.postgres}, ${machine.redis}; a sync takes ${machine.syncMs.toFixed(2)} ms, a commit ${machine.commitMs.toFixed(2)} ms`,
  );
  say(speedLine(speed));
  say(`Load by ${field.generator.name}; ${pace.rounds} or ${pace.sideRounds} rounds of ${pace.seconds} s each`);
  if (programs.pgbenchPath === null) say('There is no pgbench beside this Postgres: opponent (e) does not take part');
  if (programs.webdisProgram === null && !quick)
    say('There is no Webdis here, and apt cannot fetch it: opponent (g) does not take part');
  if (!BUN_IS_THERE && !quick) say(`Bun is not installed, and does not take part; ${HOW_TO_INSTALL}`);

  const results: ContestResult[] = [];
  for (const contest of chosen) {
    for (const clients of connectionsFor(contest, options)) results.push(await run(contest, field, clients, pace));
  }
  const sizes = (only.length === 0 && !quick) || only.includes(SIZES) ? await sizesOf(field) : null;
  const upkeep =
    (only.length === 0 && !quick) || only.includes(UPKEEP) ? await measureUpkeep(field, options.counters) : null;
  if (upkeep !== null) say(upkeepTable(upkeep));
  const overload = (only.length === 0 && !quick) || only.includes(OVERLOAD) ? await measureOverload(arena) : null;
  if (overload !== null) say(overloadTable(overload));
  const memory = long || only.includes(MEMORY) ? await watchMemory(field, options.minutes) : null;
  if (memory !== null) say(memoryLine(memory));
  const verdicts = judge(results, upkeep, overload, memory);
  const judged = verdicts.filter(({ met }) => met !== null);
  if (judged.length > 0) {
    say(targetTable(judged));
    const courses = comparedWithPast(machine, startedAt, speed, judged);
    if (courses.length > 0) say(courseTable(courses));
  }

  const whole = !quick && only.length === 0 && options.buckets === null;
  const mode = whole ? 'the whole run' : `a part of it (\`npm run bench -- ${process.argv.slice(2).join(' ')}\`)`;
  const report: Report = {
    startedAt,
    mode,
    machine,
    generator: field.generator.name,
    pace,
    contests: results,
    verdicts,
    sizes,
    upkeep,
    overload,
    memory,
  };
  say(`\nAll figures: ${writeLatest(report)}`);
  if (whole || docs) say(`Written: ${await writeDocs(report)}`);
}

async function run(contest: Contest, field: Field, connections: number, pace: Pace): Promise<ContestResult> {
  say(`\n${contest.key}: ${contest.title}, ${connections} connections`);
  const result = await runContest(contest, field, connections, pace, (entrant, turn) => say(turnLine(entrant, turn)));
  say(contestTable(result));
  return result;
}

async function sizesOf(field: Field): Promise<Sizes> {
  const sizes = await measureSizes(field.arena);
  say(sizeTable(sizes));
  return sizes;
}

/** Those asked for, as far as they fit the contest. */
function connectionsFor(contest: Contest, { connections }: Options): readonly number[] {
  const { side = false, mostConnections = Infinity } = contest;
  if (contest.connections !== undefined) return contest.connections;
  const fitting = connections.filter((clients) => clients <= mostConnections);
  return side && fitting.includes(JUDGED_CONNECTIONS) ? [JUDGED_CONNECTIONS] : fitting;
}

function choose(all: readonly Contest[], { only, quick, long }: Options): Contest[] {
  const names = [...all.map(({ key }) => key), SIZES, UPKEEP, OVERLOAD, MEMORY];
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) exitForUsage(`There is no "${unknown.join('", "')}"; there are ${names.join(', ')}`);
  if (only.length > 0) return all.filter(({ key }) => only.includes(key));
  if (!quick) return all.filter((contest) => contest.long !== true || long);
  return all.filter(({ judged }) => judged).map((contest) => ({ ...contest, entrants: thoseJudged(contest) }));
}

/** Beside another commit, both. */
function thoseJudged({ key, entrants }: Contest): readonly Entrant[] {
  const about = entrants.filter((entrant) => isJudged(key, entrant.key));
  return about.length === 0 ? entrants : about;
}

function optionsOrExit(): Options {
  try {
    return optionsOf(process.argv.slice(2));
  } catch (error) {
    exitForUsage((error as Error).message);
  }
}

function exitForUsage(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(EXIT_USAGE);
}
