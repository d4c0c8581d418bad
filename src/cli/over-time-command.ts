import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { wholeNumber } from './arguments.js';
import { eventsOf, type ServiceEvent } from './events.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { type Drawn, historyChart, type Point } from './history-chart.js';
import { csvLine, type Format, formatOf, FORMATS, type OutputOptions, printRecords, withOutput } from './output.js';
import { type CounterBody, counterPath, type ServiceCalls } from './service-calls.js';
import { type ServiceOptions, type Session, withService } from './session.js';
import { shown } from './terminal.js';

interface TopOptions extends ServiceOptions, OutputOptions {
  readonly prefix: string;
  readonly by: string;
  readonly over: string;
  readonly tz?: string;
  readonly limit: number;
}

interface HistoryOptions extends ServiceOptions, OutputOptions<Format | 'chart'> {
  readonly from?: string;
  readonly to?: string;
  readonly over?: string;
  readonly interval?: string;
  readonly tz?: string;
  readonly show: Drawn;
}

const INTERVALS = ['minute', 'hour', 'day', 'week', 'month'];
const ABOUT_ZONE = 'where days, weeks and months begin, such as Asia/Kolkata (default: UTC)';

interface WatchOptions extends ServiceOptions, OutputOptions {
  readonly prefix: readonly string[];
  readonly changes: number;
}

interface Ranking {
  readonly data: readonly { readonly name: string; readonly value: number; readonly change: number }[];
}

/** A screen where nobody looks. */
const COLUMNS = 80;

/** The service says something every 15 s; who is silent for longer is gone. */
const SILENCE_MS = 40_000;

/** Until a stream that broke is opened again: spread out, as many may have broken at once. */
const RETRY_MS = 500;
const RETRY_JITTER_MS = 1_000;

/** `top`, `history` and `watch`: what changes over time. */
export function addOverTime(program: Command, session: Session): void {
  withOutput(withService(program.command('top')))
    .description('the first counters by value, or by what they gained')
    .option('--prefix <text>', 'only names that begin so', '')
    .addOption(new Option('--by <what>', 'what they are ranked by').choices(['value', 'change']).default('value'))
    .option('--over <period>', 'of the change: 1h, 24h, 30d …, today, yesterday, thisWeek or thisMonth', '24h')
    .option('--tz <zone>', ABOUT_ZONE)
    .option('--limit <n>', 'so many at most', wholeNumber, 10)
    .action((options: TopOptions) => top(session, options));

  withOutput(withService(program.command('history <name>')), ['chart', ...FORMATS])
    .description('what a counter came to over time, drawn')
    .option('--from <time>', 'ISO 8601, such as 2026-01-31T12:00:00Z, or 2026-01-31, a day of --tz')
    .option('--to <time>', 'the same; now, where it is left out')
    .option('--over <period>', 'in place of both: 1h, 24h, 30d …, today, yesterday, thisWeek or thisMonth')
    .addOption(new Option('--interval <length>', 'of a point (default: what suits the period)').choices(INTERVALS))
    .option('--tz <zone>', ABOUT_ZONE)
    .addOption(new Option('--show <what>', 'what is drawn').choices(['change', 'value']).default('change'))
    .action((name: string, options: HistoryOptions) => history(session, name, options));

  withOutput(withService(program.command('watch [names...]')))
    .description('counters as they change, until it is interrupted; as JSON, one line for each')
    .option('--prefix <text>', 'all that begin so, beside the names; may be there again', gathered, [])
    .option('--changes <n>', 'end after so many changes', wholeNumber, Infinity)
    .action((names: string[], options: WatchOptions) => watch(session, names, options));
}

async function top(session: Session, options: TopOptions): Promise<void> {
  const { prefix, by, over, tz, limit } = options;
  const query = queryOf({ by, over, tz, limit: String(limit), prefix: prefix === '' ? undefined : prefix });
  const calls = await session.calls(options);
  const ranking = await calls.expect<Ranking>('GET', `/v1/top?${query}`);
  printRecords(session.terminal, formatOf(options), {
    head: ['name', 'value', 'change'],
    rows: ranking.data.map(({ name, value, change }) => [name, value, change]),
    json: ranking,
  });
}

async function history(session: Session, name: string, options: HistoryOptions): Promise<void> {
  const { terminal } = session;
  const { from, to, over, interval, tz, show } = options;
  const query = queryOf({ from, to, over, interval, tz });
  const calls = await session.calls(options);
  const answer = await calls.expect<{ data: readonly Point[] }>('GET', `${counterPath(name)}/history?${query}`);
  const format = formatOf(options);
  if (format !== 'chart') {
    printRecords(terminal, format, {
      head: ['at', 'delta', 'value'],
      rows: answer.data.map(({ at, delta, value }) => [at, delta, value]),
      json: answer,
    });
    return;
  }
  if (answer.data.length === 0) terminal.note('nothing is told of this time yet; changes are told a few seconds late');
  else terminal.print(historyChart(answer.data, show, terminal.columns ?? COLUMNS));
}

async function watch(session: Session, names: readonly string[], options: WatchOptions): Promise<void> {
  const wanted = [...names.map((name) => ['name', name]), ...options.prefix.map((prefix) => ['prefix', prefix])];
  if (wanted.length === 0) throw new CommandFailed(EXIT.usage, 'watch takes a name, or --prefix');
  const calls = await session.calls(options);
  const format = formatOf(options);
  if (format === 'csv') session.terminal.print('name,value,version,updated');
  const path = `/v1/stream?${new URLSearchParams(wanted).toString()}`;
  let changes = 0;
  for (let opened = false; ;) {
    try {
      for await (const event of eventsFrom(calls, path)) {
        opened = true;
        changes += tell(session, format, event);
        if (changes >= options.changes) return;
      }
    } catch (error) {
      // A service that was there once will be there again.
      if (!opened || !(error instanceof CommandFailed) || error.exitCode !== EXIT.unavailable) throw error;
    }
    session.terminal.note('the stream ended; opening it again');
    await sleep(RETRY_MS + Math.random() * RETRY_JITTER_MS);
  }
}

/** The events of one connection, which ends when nothing comes any more. */
async function* eventsFrom(calls: ServiceCalls, path: string): AsyncGenerator<ServiceEvent, void, undefined> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    yield* eventsOf(await calls.open(path, silence.signal), () => timer.refresh());
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** Prints what an event tells; answers how many changes that were. */
function tell({ terminal }: Session, format: Format, { event, data }: ServiceEvent): number {
  switch (event) {
    case 'snapshot':
      for (const counter of data as CounterBody[]) terminal.print(lineOf(format, counter));
      return 0;
    case 'change':
      terminal.print(lineOf(format, data as CounterBody | Deleted));
      return 1;
    case 'status':
      terminal.note(`feed: ${(data as { feed: string }).feed}`);
      return 0;
    default:
      return 0;
  }
}

interface Deleted {
  readonly name: string;
  readonly deleted: true;
  readonly version: number;
}

function lineOf(format: Format, counter: CounterBody | Deleted): string {
  const { name, version } = counter;
  const [value, updatedAt] = 'deleted' in counter ? [null, null] : [counter.value, counter.updatedAt];
  switch (format) {
    case 'json':
      return JSON.stringify(counter);
    case 'csv':
      return csvLine([name, value, version, updatedAt]);
    case 'table':
      return `${updatedAt ?? ''}  ${value ?? 'deleted'}  ${shown(name)}`.trimStart();
  }
}

/** What is left out is left to the service. */
function queryOf(options: Readonly<Record<string, string | undefined>>): string {
  const said = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return new URLSearchParams(said).toString();
}

function gathered(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
