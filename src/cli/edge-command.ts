import type { Command } from 'commander';
import { wholeNumber } from './arguments.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { type ServiceOptions, type Session, withJson, withService } from './session.js';

/** Where `npm run edge` listens. */
const DEFAULT_URL = 'http://127.0.0.1:3100';

interface Status {
  readonly id: string;
  readonly upstream: string;
  readonly state: 'counting' | 'forked' | 'lost';
  readonly waiting: { readonly increments: number; readonly items: number };
  readonly delivered: number;
  readonly deliveredAt: string | null;
  readonly failures: number;
  readonly fault: string | null;
  readonly fileBytes: number;
  readonly disk: string | null;
  readonly refused: readonly { readonly code: string; readonly items: number; readonly increments: number }[];
  readonly refusedItems: readonly {
    readonly id: number;
    readonly name: string;
    readonly by: number;
    readonly at: string;
    readonly code: string;
    readonly detail: string;
  }[];
}

interface Options extends ServiceOptions {
  readonly json?: boolean;
}

interface ChangeOptions extends Options {
  readonly yes?: boolean;
  readonly newIdentity?: boolean;
}

const ADVICE: Readonly<Record<Status['state'], string | null>> = {
  counting: null,
  forked:
    'Another edge delivered with this identity: the file was copied or restored. "evercount edge resync --new-identity" ' +
    'gives this one an identity of its own, and what waits goes with it. After a restored backup part of that may have ' +
    'been delivered before.',
  lost:
    'Upstream was restored to a state from before what is kept here. "evercount edge resync" goes on from there; what it ' +
    'misses between is not sent again.',
};

/** `edge`: looks after an edge on this machine. */
export function addEdge(program: Command, session: Session): void {
  const edge = program.command('edge').description(`look after an edge, by default the one at ${DEFAULT_URL}`);

  withJson(withService(edge.command('status')))
    .description('what waits, what was delivered, what was refused and why')
    .action((options: Options) => status(session, options));

  withJson(withService(edge.command('retry [id...]')))
    .description('deliver refused items once more; without an id all of them')
    .action((ids: readonly string[], options: Options) => decide(session, 'retry', ids, options));

  withJson(withService(edge.command('drop [id...]')))
    .description('give refused items up for good, without an id all of them; asks first')
    .option('--yes', 'do not ask')
    .action((ids: readonly string[], options: ChangeOptions) => decide(session, 'drop', ids, options));

  withJson(withService(edge.command('resync')))
    .description('go on delivering after a copied file or a very old upstream; asks first')
    .option('--new-identity', 'as another edge, and what waits goes along')
    .option('--yes', 'do not ask')
    .action((options: ChangeOptions) => resync(session, options));
}

const callsOf = (session: Session, options: ServiceOptions) => session.calls({ url: DEFAULT_URL, ...options });

async function status(session: Session, options: Options): Promise<void> {
  const { terminal } = session;
  const found = await (await callsOf(session, options)).expect<Status>('GET', '/v1/edge');
  if (found.state !== 'counting' || found.refused.length > 0 || found.disk !== null) session.exitCode = EXIT.different;
  if (options.json === true) {
    terminal.printJson(found);
    return;
  }
  const { waiting, refusedItems } = found;
  terminal.printTable(
    ['', ''],
    [
      ['edge', found.id],
      ['delivers to', found.upstream],
      ['state', found.state],
      ['waiting', `${waiting.increments} increments in ${waiting.items} items`],
      ['delivered', `${found.delivered} items, last ${found.deliveredAt ?? 'not since its start'}`],
      ['last try', found.fault ?? 'good'],
      ['file', `${found.fileBytes} bytes`],
      ['disk', found.disk ?? 'good'],
    ],
  );
  const advice = ADVICE[found.state];
  if (advice !== null) terminal.note(advice);
  if (refusedItems.length === 0) return;
  terminal.note('Refused: "evercount edge retry" delivers them once more, "evercount edge drop" gives them up.');
  terminal.printTable(
    ['id', 'counter', 'by', 'counted', 'why'],
    refusedItems.map(({ id, name, by, at, code, detail }) => [id, name, by, at, `${code}: ${detail}`]),
  );
}

async function decide(
  session: Session,
  what: 'retry' | 'drop',
  ids: readonly string[],
  options: ChangeOptions,
): Promise<void> {
  const body = ids.length === 0 ? {} : { ids: ids.map(wholeNumber) };
  if (what === 'drop') {
    const which = ids.length === 0 ? 'everything that was refused' : `${ids.length} refused item(s)`;
    await session.consent(`Give up ${which}? It will never be counted.`, options.yes);
  }
  const done = await (await callsOf(session, options)).expect<object>('POST', `/v1/edge/${what}`, { body });
  if (options.json === true) session.terminal.printJson(done);
  else
    session.terminal.note(
      Object.entries(done)
        .map(([did, count]) => `${did} ${String(count)}`)
        .join(', '),
    );
}

async function resync(session: Session, options: ChangeOptions): Promise<void> {
  const { newIdentity = false, yes, json } = options;
  const calls = await callsOf(session, options);
  const { state, waiting } = await calls.expect<Status>('GET', '/v1/edge');
  if (state === 'counting') throw new CommandFailed(EXIT.failed, 'this edge delivers: there is nothing to decide');
  const how = newIdentity ? 'as another edge' : 'from where upstream stands';
  await session.consent(`Go on ${how}, with ${waiting.increments} increments that wait?`, yes);
  const found = await calls.expect<Status>('POST', '/v1/edge/resync', { body: { newIdentity } });
  if (json === true) session.terminal.printJson(found);
  else session.terminal.note(`delivers again, as ${found.id}`);
}
