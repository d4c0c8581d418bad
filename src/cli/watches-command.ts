import { type Command, Option } from 'commander';
import { WATCH_STATES } from '../domain/watch.js';
import { integer, wholeNumber } from './arguments.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { type ServiceOptions, type Session, withJson, withService } from './session.js';

interface Options extends ServiceOptions {
  readonly json?: boolean;
}

interface CreateOptions extends Options {
  readonly prefix?: boolean;
  readonly above?: number;
  readonly below?: number;
  readonly rate?: string;
  readonly silent?: string;
  readonly unexpected?: number;
  readonly for?: string;
  readonly notify?: readonly string[];
  readonly label?: string;
}

interface ListOptions extends Options {
  readonly state?: string;
}

interface Watch {
  readonly id: string;
  readonly label: string;
  readonly name: string | null;
  readonly prefix: string | null;
  readonly when: unknown;
  readonly muted: boolean;
  readonly state: string;
  readonly since: string | null;
  readonly counters: { readonly firing: number };
}

interface Turn {
  readonly counter: string;
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly observed: number | null;
}

/** A page of all: a deployment has at most ten times as many. */
const PAGE = 1_000;

/** `watches`: what counters should not be. */
export function addWatches(program: Command, session: Session): void {
  const watches = program.command('watches').description('what counters should not be, and whether they are');

  withJson(withService(watches.command('create <name>')))
    .description('watch a counter, or with --prefix each whose name begins so')
    .option('--prefix', 'the name is the beginning of names')
    .option('--above <n>', 'fire while the value, or with --rate its change, is greater', integer)
    .option('--below <n>', 'fire while it is less', integer)
    .option('--rate <length>', 'of the change within this length, such as 1h')
    .option('--silent <length>', 'fire when nothing was written for so long, such as 30m')
    .option('--unexpected <hours>', 'fire after so many hours outside of what was expected', wholeNumber)
    .option('--for <length>', 'how long it must be so before it turns, such as 5m')
    .option('--notify <list>', 'webhooks that are told, by their ids', (text) => text.split(','))
    .option('--label <text>', 'for people')
    .action((name: string, options: CreateOptions) => create(session, name, options));

  withJson(withService(watches.command('list [name]')))
    .description('every watch, or those of one counter, and how it stands; exit code 2 where one fires')
    .addOption(new Option('--state <state>', 'only those that stand so').choices(WATCH_STATES))
    .action((name: string | undefined, options: ListOptions) => list(session, name, options));

  withJson(withService(watches.command('history <id>')))
    .description('when a watch fired, and when no longer')
    .action((id: string, options: Options) => history(session, id, options));

  for (const [verb, muted] of [
    ['mute', true],
    ['unmute', false],
  ] as const) {
    withJson(withService(watches.command(`${verb} <id>`)))
      .description(muted ? 'tell nobody of a watch; its states go on' : 'tell of a watch again')
      .action(async (id: string, options: Options) => {
        const calls = await session.calls(options);
        const watch = await calls.expect<Watch>('PATCH', pathOf(id), { body: { muted } });
        if (options.json === true) session.terminal.printJson(watch);
        else session.terminal.note(`the watch ${id} is ${muted ? 'muted' : 'no longer muted'}`);
      });
  }

  withJson(withService(watches.command('delete <id>')))
    .description('watch it no more')
    .action(async (id: string, options: Options) => {
      await (await session.calls(options)).expect('DELETE', pathOf(id));
      if (options.json === true) session.terminal.printJson({ deleted: id });
      else session.terminal.note(`the watch ${id} is gone`);
    });
}

const pathOf = (id: string): string => `/v1/watches/${encodeURIComponent(id)}`;

/** One kind, and one only: what was left out would be missed when it matters. */
function conditionOf(options: CreateOptions): object {
  const { above, below, rate, silent, unexpected } = options;
  const limits = [above, below].filter((limit) => limit !== undefined).length;
  const others = [silent, unexpected].filter((kind) => kind !== undefined).length;
  if (others + limits !== 1 || (others === 1 && rate !== undefined)) {
    throw new CommandFailed(EXIT.usage, 'say when it fires, by one of --above, --below, --silent and --unexpected');
  }
  if (rate !== undefined) return { rate: { over: rate, above, below } };
  if (silent !== undefined) return { silent };
  return unexpected === undefined ? { above, below } : { unexpected: { hours: unexpected } };
}

async function create(session: Session, name: string, options: CreateOptions): Promise<void> {
  const { prefix, notify, label } = options;
  const body = {
    ...(prefix === true ? { prefix: name } : { name }),
    when: conditionOf(options),
    ...(options.for === undefined ? {} : { for: options.for }),
    ...(notify === undefined ? {} : { notify }),
    ...(label === undefined ? {} : { label }),
  };
  const watch = await (await session.calls(options)).expect<Watch>('POST', '/v1/watches', { body });
  if (options.json === true) session.terminal.printJson(watch);
  else session.terminal.print(watch.id);
}

async function list(session: Session, name: string | undefined, options: ListOptions): Promise<void> {
  const calls = await session.calls(options);
  const { state } = options;
  const wanted = {
    limit: String(PAGE),
    ...(name === undefined ? {} : { name }),
    ...(state === undefined ? {} : { state }),
  };
  const all: Watch[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({ ...wanted, ...(cursor === '' ? {} : { cursor }) });
    const page: { readonly data: readonly Watch[]; readonly nextCursor: string | null } = await calls.expect(
      'GET',
      `/v1/watches?${query}`,
    );
    all.push(...page.data);
    cursor = page.nextCursor;
  }
  if (options.json === true) session.terminal.printJson(all);
  else {
    session.terminal.printTable(
      ['id', 'label', 'of', 'when', 'state', 'since', 'firing'],
      all.map(({ id, label, name, prefix, when, muted, state, since, counters }) => [
        id,
        label,
        name ?? `${prefix ?? ''}*`,
        JSON.stringify(when),
        muted ? `${state} (muted)` : state,
        since ?? '',
        counters.firing,
      ]),
    );
    if (all.length === 0) session.terminal.note('there are none');
  }
  if (all.some(({ state, muted }) => state === 'firing' && !muted)) session.exitCode = EXIT.different;
}

async function history(session: Session, id: string, options: Options): Promise<void> {
  const { data } = await (
    await session.calls(options)
  ).expect<{ readonly data: readonly Turn[] }>('GET', `${pathOf(id)}/turns`);
  if (options.json === true) session.terminal.printJson(data);
  else {
    session.terminal.printTable(
      ['at', 'counter', 'from', 'to', 'observed'],
      data.map(({ at, counter, from, to, observed }) => [at, counter, from, to, observed]),
    );
  }
}
