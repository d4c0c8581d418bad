import type { Command } from 'commander';
import { boundOrNone, integer, wholeNumber } from './arguments.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { formatOf, type OutputOptions, printRecords, withOutput } from './output.js';
import { type CounterBody, counterPath, type ServiceCalls } from './service-calls.js';
import { type ServiceOptions, type Session, withService } from './session.js';
import type { Cell } from './terminal.js';

/** What the service gives in one page at most. */
const PAGE = 1_000;

/** Shown without being asked for more. */
const DEFAULT_LIMIT = 100;

type Options = ServiceOptions & OutputOptions;

interface WriteOptions extends Options {
  readonly idempotencyKey?: string;
  readonly ttlMs?: number;
  readonly ttlIfNone?: boolean;
}

interface ListOptions extends Options {
  readonly prefix: string;
  readonly limit: number;
  readonly all?: boolean;
}

interface SetOptions extends WriteOptions {
  readonly min?: number | 'none';
  readonly max?: number | 'none';
  readonly ifVersion?: number;
  readonly dryRun?: boolean;
}

interface ResetOptions extends WriteOptions {
  readonly to: number;
  readonly ifVersion?: number;
}

interface DeleteOptions extends Options {
  readonly ifVersion?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const IF_VERSION = 'only while the counter is at this version';

/** `get`, `incr`, `set` and their like: counts by hand and in scripts. */
export function addCounting(program: Command, session: Session): void {
  const command = (usage: string, description: string): Command =>
    withOutput(withService(program.command(usage))).description(description);
  const write = (usage: string, description: string): Command =>
    command(usage, description)
      .option('--idempotency-key <key>', 'the same write with the same key counts once')
      .option('--ttl-ms <n>', 'it ends by itself so many milliseconds from now', wholeNumber)
      .option('--ttl-if-none', 'only where it does not end by itself yet, as for windows of a rate limit');

  command('get <name>', 'read one counter')
    .option('--strong', 'from Postgres in any case')
    .action(async (name: string, options: Options & { strong?: boolean }) => {
      const calls = await session.calls(options);
      const query = options.strong === true ? '?consistency=strong' : '';
      show(session, await calls.expect<CounterBody>('GET', `${counterPath(name)}${query}`), options);
    });

  for (const [usage, path, does] of [
    ['incr <name>', 'increment', 'add to'],
    ['decr <name>', 'decrement', 'take away from'],
  ] as const) {
    write(usage, `${does} a counter, which begins at 0 where there is none`)
      .argument('[by]', 'a whole number above 0', wholeNumber, 1)
      .action(async (name: string, by: number, options: WriteOptions) => {
        const calls = await session.calls(options);
        const request = { headers: keyOf(options), body: { by, ...expiryOf(options) } };
        show(session, await calls.write<CounterBody>('POST', `${counterPath(name)}/${path}`, request), options);
      });
  }

  write('set <name>', 'set the value and, if given, the bounds; creates the counter where there is none')
    .argument('<value>', 'an integer', integer)
    .option('--min <n>', 'lower bound; "none" removes it', boundOrNone)
    .option('--max <n>', 'upper bound; "none" removes it', boundOrNone)
    .option('--if-version <n>', IF_VERSION, wholeNumber)
    .option('--dry-run', 'only show what there is and what would be')
    .action((name: string, value: number, options: SetOptions) => set(session, name, value, options));

  write('reset <name>', 'set a counter that is there, and tell its previous value, in one step')
    .option('--to <n>', 'an integer', integer, 0)
    .option('--if-version <n>', IF_VERSION, wholeNumber)
    .action(async (name: string, options: ResetOptions) => {
      const calls = await session.calls(options);
      const request = {
        headers: { ...keyOf(options), ...ifVersion(options.ifVersion) },
        body: { to: options.to, ...expiryOf(options) },
      };
      show(session, await calls.write<CounterBody>('POST', `${counterPath(name)}/reset`, request), options);
    });

  command('delete <name>', 'delete a counter; its version is remembered')
    .option('--if-version <n>', IF_VERSION, wholeNumber)
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would be deleted')
    .action((name: string, options: DeleteOptions) => remove(session, name, options));

  command('list', 'list counters by name')
    .option('--prefix <text>', 'only names that begin so', '')
    .option('--limit <n>', 'so many at most', wholeNumber, DEFAULT_LIMIT)
    .option('--all', 'all of them')
    .action((options: ListOptions) => list(session, options));
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { terminal } = session;
  const calls = await session.calls(options);
  const wanted = options.all === true ? Infinity : options.limit;
  const found: CounterBody[] = [];
  let cursor: string | null = null;
  do {
    const page = await calls.list(Math.min(PAGE, wanted - found.length), cursor, options.prefix);
    found.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null && found.length < wanted);
  printRecords(terminal, formatOf(options), {
    head: ['name', 'value', 'version', 'min', 'max', 'expires', 'updated'],
    rows: found.map(({ name, value, version, min, max, expiresAt, updatedAt }) => {
      return [name, value, version, min, max, expiresAt, updatedAt];
    }),
    json: found,
  });
  if (cursor !== null) terminal.note(`there are more; --limit or --all shows them`);
  else if (found.length === 0) terminal.note('there are none');
}

async function set(session: Session, name: string, value: number, options: SetOptions): Promise<void> {
  const calls = await session.calls(options);
  if (options.dryRun === true) {
    const before = await find(calls, name);
    if (formatOf(options) === 'json') session.terminal.printJson({ dryRun: true, before, value });
    else if (before === null) session.terminal.note(`would create it with the value ${value}`);
    else session.terminal.note(`would set it from ${before.value} (version ${before.version}) to ${value}`);
    return;
  }
  // Members that are undefined are not sent: such a bound stays as it is.
  const body = { value, min: orNull(options.min), max: orNull(options.max), ...expiryOf(options) };
  const headers = { ...keyOf(options), ...ifVersion(options.ifVersion) };
  show(session, await calls.write<CounterBody>('PUT', counterPath(name), { headers, body }), options);
}

async function remove(session: Session, name: string, options: DeleteOptions): Promise<void> {
  const calls = await session.calls(options);
  const before = await find(calls, name);
  if (before === null) throw new CommandFailed(EXIT.failed, 'There is no counter with this name.');
  if (options.dryRun === true) {
    if (formatOf(options) === 'json') session.terminal.printJson({ dryRun: true, before });
    else session.terminal.note(`would delete it with the value ${before.value} (version ${before.version})`);
    return;
  }
  await session.consent(`Delete ${JSON.stringify(name)} with the value ${before.value}?`, options.yes);
  await calls.write('DELETE', counterPath(name), { headers: ifVersion(options.ifVersion) });
  if (formatOf(options) === 'json') session.terminal.printJson({ deleted: before });
  else session.terminal.print(`deleted, with the value ${before.value}`);
}

async function find(calls: ServiceCalls, name: string): Promise<CounterBody | null> {
  const reply = await calls.read(name, 'strong');
  return reply.status === 404 ? null : calls.expect('GET', `${counterPath(name)}?consistency=strong`);
}

function show({ terminal }: Session, counter: CounterBody, options: Options): void {
  const format = formatOf(options);
  const members = Object.entries(counter) as [string, Cell][];
  if (format === 'table') terminal.printPairs(members);
  else
    printRecords(terminal, format, {
      head: Object.keys(counter),
      rows: [members.map(([, value]) => value)],
      json: counter,
    });
}

function expiryOf({ ttlMs, ttlIfNone }: WriteOptions): { ttlMs?: number; expiry?: 'ifNone' } {
  if (ttlMs === undefined && ttlIfNone === true)
    throw new CommandFailed(EXIT.usage, '--ttl-if-none goes with --ttl-ms');
  return ttlMs === undefined ? {} : { ttlMs, ...(ttlIfNone === true ? { expiry: 'ifNone' } : {}) };
}

function keyOf({ idempotencyKey }: WriteOptions): Record<string, string> {
  return idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
}

function orNull(bound: number | 'none' | undefined): number | null | undefined {
  return bound === 'none' ? null : bound;
}

function ifVersion(version: number | undefined): Record<string, string> {
  return version === undefined ? {} : { 'if-match': `"${version}"` };
}
