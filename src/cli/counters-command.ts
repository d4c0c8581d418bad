import type { Command } from 'commander';
import { boundOrNone, integer, wholeNumber } from './arguments.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { type CounterBody, counterPath, type ServiceCalls } from './service-calls.js';
import { type ServiceOptions, type Session, withJson, withService } from './session.js';

/** What the service gives in one page at most. */
const PAGE = 1_000;

/** Shown without being asked for more. */
const DEFAULT_LIMIT = 100;

interface Options extends ServiceOptions {
  readonly json?: boolean;
}

interface ListOptions extends Options {
  readonly prefix: string;
  readonly limit: number;
  readonly all?: boolean;
}

interface SetOptions extends Options {
  readonly min?: number | 'none';
  readonly max?: number | 'none';
  readonly ifVersion?: number;
  readonly dryRun?: boolean;
}

interface DeleteOptions extends Options {
  readonly ifVersion?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `counters`: looks at counters, and changes them by hand. */
export function addCounters(program: Command, session: Session): void {
  const counters = program.command('counters').description('look at counters, and change them by hand');

  withJson(withService(counters.command('list')))
    .description('list counters by name')
    .option('--prefix <text>', 'only names that begin so', '')
    .option('--limit <n>', 'so many at most', wholeNumber, DEFAULT_LIMIT)
    .option('--all', 'all of them')
    .action((options: ListOptions) => list(session, options));

  withJson(withService(counters.command('get <name>')))
    .description('read one counter')
    .option('--strong', 'from Postgres in any case')
    .action(async (name: string, options: Options & { strong?: boolean }) => {
      const calls = await session.calls(options);
      const query = options.strong === true ? '?consistency=strong' : '';
      show(session, await calls.expect<CounterBody>('GET', `${counterPath(name)}${query}`), options);
    });

  withJson(withService(counters.command('set <name>')))
    .description('set the value and, if given, the bounds; creates the counter where there is none')
    .argument('<value>', 'an integer', integer)
    .option('--min <n>', 'lower bound; "none" removes it', boundOrNone)
    .option('--max <n>', 'upper bound; "none" removes it', boundOrNone)
    .option('--if-version <n>', 'only while the counter is at this version', wholeNumber)
    .option('--dry-run', 'only show what there is and what would be')
    .action((name: string, value: number, options: SetOptions) => set(session, name, value, options));

  withJson(withService(counters.command('delete <name>')))
    .description('delete a counter; its version is remembered')
    .option('--if-version <n>', 'only while the counter is at this version', wholeNumber)
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would be deleted')
    .action((name: string, options: DeleteOptions) => remove(session, name, options));
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
  if (options.json === true) {
    terminal.printJson(found);
    return;
  }
  terminal.printTable(
    ['name', 'value', 'version', 'min', 'max', 'updated'],
    found.map(({ name, value, version, min, max, updatedAt }) => [name, value, version, min, max, updatedAt]),
  );
  if (cursor !== null) terminal.note(`there are more; --limit or --all shows them`);
  else if (found.length === 0) terminal.note('there are none');
}

async function set(session: Session, name: string, value: number, options: SetOptions): Promise<void> {
  const calls = await session.calls(options);
  if (options.dryRun === true) {
    const before = await find(calls, name);
    session.terminal.note(
      before === null
        ? `would create it with the value ${value}`
        : `would set it from ${before.value} (version ${before.version}) to ${value}`,
    );
    return;
  }
  // Members that are undefined are not sent: such a bound stays as it is.
  const body = { value, min: orNull(options.min), max: orNull(options.max) };
  const headers = ifVersion(options.ifVersion);
  show(session, await calls.write<CounterBody>('PUT', counterPath(name), { headers, body }), options);
}

async function remove(session: Session, name: string, options: DeleteOptions): Promise<void> {
  const calls = await session.calls(options);
  const before = await find(calls, name);
  if (before === null) throw new CommandFailed(EXIT.failed, 'There is no counter with this name.');
  if (options.dryRun === true) {
    session.terminal.note(`would delete it with the value ${before.value} (version ${before.version})`);
    return;
  }
  await session.consent(`Delete ${JSON.stringify(name)} with the value ${before.value}?`, options.yes);
  await calls.write('DELETE', counterPath(name), { headers: ifVersion(options.ifVersion) });
  if (options.json === true) session.terminal.printJson({ deleted: before });
  else session.terminal.print(`deleted, with the value ${before.value}`);
}

async function find(calls: ServiceCalls, name: string): Promise<CounterBody | null> {
  const reply = await calls.read(name, 'strong');
  return reply.status === 404 ? null : calls.expect('GET', `${counterPath(name)}?consistency=strong`);
}

function show({ terminal }: Session, counter: CounterBody, { json }: Options): void {
  if (json === true) terminal.printJson(counter);
  else terminal.printPairs(Object.entries(counter));
}

function orNull(bound: number | 'none' | undefined): number | null | undefined {
  return bound === 'none' ? null : bound;
}

function ifVersion(version: number | undefined): Record<string, string> {
  return version === undefined ? {} : { 'if-match': `"${version}"` };
}
