import { type Command, InvalidArgumentError } from 'commander';
import { DEFAULT_OVERLAP_MS, KeyAdministration, type MadeKey, MAX_OVERLAP_MS } from '../access/key-administration.js';
import { UnfitKey } from '../access/key-wish.js';
import { type Scope, SCOPES } from '../domain/scope.js';
import { DAY_MS, HOUR_MS } from '../domain/time.js';
import { type ApiKey, ApiKeys } from '../store/api-keys.js';
import { wholeNumber, wholeNumberUpTo } from './arguments.js';
import { configOf, patientPool, serverFault } from './deployment.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { theOperator } from './operator.js';
import { type Session, withJson } from './session.js';

const DEFAULT_OVERLAP_HOURS = DEFAULT_OVERLAP_MS / HOUR_MS;

/** A hundred years: what is to last longer need not end at all. */
const MAX_DAYS = 36_500;

interface Options {
  readonly json?: boolean;
}

interface CreateOptions extends Options {
  readonly scopes: readonly Scope[];
  readonly prefix: string;
  readonly expiresInDays?: number;
  readonly maxNames?: number;
  readonly origins?: readonly string[];
  readonly perSecond?: number;
}

type OrDefault = number | 'default';

interface ChangeOptions extends Options {
  readonly label?: string;
  readonly maxNames?: OrDefault;
  readonly origins?: readonly string[];
  readonly perSecond?: OrDefault;
}

interface RotateOptions extends Options {
  readonly overlapHours?: number;
  readonly now?: boolean;
}

interface RevokeOptions extends Options {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `keys`: who may call the service. Asks Postgres itself: the first key must not need another one. */
export function addKeys(program: Command, session: Session): void {
  const keys = program.command('keys').description('make, list, change, rotate and revoke API keys');

  withJson(keys.command('create <label>'))
    .description('make a key, and print it: it can be seen only now')
    .requiredOption('--scopes <list>', `what it may do, of ${SCOPES.join(',')}`, scopes)
    .option('--prefix <text>', 'only counters whose names begin so', '')
    .option('--expires-in-days <n>', 'for so long (default: for ever)', wholeNumberUpTo(MAX_DAYS))
    .option('--max-names <n>', 'so many names may it bring into being (default: NAMES_PER_KEY)', wholeNumber)
    .option('--origins <list>', 'only pages of these, such as https://example.org (default: whoever has it)', origins)
    .option('--per-second <n>', 'requests (default: as much as any key)', wholeNumber)
    .action((label: string, options: CreateOptions) => create(session, label, options));

  withJson(keys.command('list'))
    .description('every key, revoked and expired ones too; the keys themselves are not stored')
    .action((options: Options) => list(session, options));

  withJson(keys.command('change <id>'))
    .description('change what a key is, within seconds; what it may do to which names is said of a new key')
    .option('--label <text>', 'what people call it')
    .option('--max-names <n>', 'so many names may it bring into being; "default": NAMES_PER_KEY', orDefault)
    .option('--origins <list>', 'only pages of these; "": whoever has it', origins)
    .option('--per-second <n>', 'requests; "default": as much as any key', orDefault)
    .action((id: string, options: ChangeOptions) => change(session, id, options));

  withJson(keys.command('rotate <id>'))
    .description('give a key a new secret, and print it; the old one stays good for a while')
    .option(
      '--overlap-hours <n>',
      `for so long (default: ${DEFAULT_OVERLAP_HOURS})`,
      wholeNumberUpTo(MAX_OVERLAP_MS / HOUR_MS),
    )
    .option('--now', 'or not at all: the old secret is in the wrong hands')
    .action((id: string, options: RotateOptions) => rotate(session, id, options));

  withJson(keys.command('revoke <id>'))
    .description('end a key, on every instance within 5 s; asks first')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show which key it is')
    .action((id: string, options: RevokeOptions) => revoke(session, id, options));
}

/** @throws InvalidArgumentError for what is no list of scopes */
function scopes(text: string): readonly Scope[] {
  const wanted = new Set(text.split(','));
  const known = SCOPES.filter((scope) => wanted.delete(scope));
  if (wanted.size > 0) throw new InvalidArgumentError(`It takes some of ${SCOPES.join(',')}.`);
  return known;
}

function origins(text: string): readonly string[] {
  return text === '' ? [] : text.split(',');
}

/** @throws InvalidArgumentError */
function orDefault(text: string): OrDefault {
  return text === 'default' ? text : wholeNumber(text);
}

function nullFor(value: OrDefault | undefined): number | null | undefined {
  return value === 'default' ? null : value;
}

async function create(session: Session, label: string, { scopes, prefix, ...rest }: CreateOptions): Promise<void> {
  const { expiresInDays: days, maxNames = null, origins = [], perSecond = null } = rest;
  const made = await administer(session, async (keys) => {
    const expiresAt = days === undefined ? null : new Date((await keys.nowMs()) + days * DAY_MS);
    return keys.create({ label, scopes, prefix, expiresAt, maxNames, origins, perSecond }, theOperator());
  });
  showMade(session, made, rest);
}

async function change(session: Session, id: string, { json, ...wish }: ChangeOptions): Promise<void> {
  const { label, origins, maxNames, perSecond } = wish;
  if (Object.keys(wish).length === 0) throw new CommandFailed(EXIT.usage, 'nothing was said that should change');
  const key = await administer(session, (keys) =>
    keys.change(id, { label, origins, maxNames: nullFor(maxNames), perSecond: nullFor(perSecond) }, theOperator()),
  );
  if (key === null) throw unknownKey(id);
  if (json === true) session.terminal.printJson(shown(key));
  else session.terminal.note(`the key ${id} ("${key.label}") is changed, on every instance within seconds`);
}

async function list(session: Session, { json }: Options): Promise<void> {
  const { terminal } = session;
  const { keys, nowMs } = await known(session);
  if (json === true) {
    terminal.printJson(keys.map(shown));
    return;
  }
  terminal.printTable(
    ['id', 'label', 'scopes', 'prefix', 'state', 'names', 'created', 'last used', 'per second', 'pages of'],
    keys.map((key) => [
      key.id,
      key.label,
      key.scopes.join(','),
      key.prefix,
      stateOf(key, nowMs),
      key.maxNames === null ? key.namesCreated : `${key.namesCreated} of ${key.maxNames}`,
      key.createdAt,
      key.lastUsedAt ?? 'never',
      key.perSecond ?? 'any',
      key.origins.length === 0 ? 'any' : key.origins.join(' '),
    ]),
  );
  if (keys.length === 0) terminal.note('there are none');
}

/** Every key, and the time by which they expire. */
async function known(session: Session): Promise<{ readonly keys: readonly ApiKey[]; readonly nowMs: number }> {
  return administer(session, async (keys) => ({ keys: await keys.list(), nowMs: await keys.nowMs() }));
}

async function rotate(session: Session, id: string, options: RotateOptions): Promise<void> {
  const { overlapHours, now } = options;
  if (now === true && overlapHours !== undefined) {
    throw new CommandFailed(EXIT.usage, '--now and --overlap-hours are two answers to one question');
  }
  const overlapMs = now === true ? 0 : (overlapHours ?? DEFAULT_OVERLAP_HOURS) * HOUR_MS;
  const made = await administer(session, (keys) => keys.rotate(id, overlapMs, theOperator()));
  if (made === null) throw unknownKey(id);
  showMade(session, made, options);
}

async function revoke(session: Session, id: string, { json, yes, dryRun }: RevokeOptions): Promise<void> {
  const { terminal } = session;
  const { keys, nowMs } = await known(session);
  const key = keys.find((other) => other.id === id);
  if (key === undefined) throw unknownKey(id);
  const what = `the key ${id} ("${key.label}")`;
  if (dryRun === true) {
    if (json === true) terminal.printJson({ dryRun: true, key: shown(key) });
    else terminal.note(`would revoke ${what}, which is ${stateOf(key, nowMs)}`);
    return;
  }
  await session.consent(`Revoke ${what}? Its clients are refused within seconds, for good.`, yes);
  const revoked = await administer(session, (keys) => keys.revoke(id, theOperator()));
  if (revoked === null) throw unknownKey(id);
  if (json === true) terminal.printJson(shown(revoked));
  else terminal.note(`${what} is revoked`);
}

/** Runs `work` on keys in Postgres. */
async function administer<T>(session: Session, work: (keys: KeyAdministration) => Promise<T>): Promise<T> {
  const { database } = await configOf(session);
  const pool = patientPool(database, 1);
  try {
    return await work(new KeyAdministration(new ApiKeys(pool)));
  } catch (error) {
    if (error instanceof UnfitKey) throw new CommandFailed(EXIT.usage, error.message);
    throw serverFault('Postgres', error);
  } finally {
    await pool.end();
  }
}

function showMade({ terminal }: Session, made: MadeKey, { json }: Options): void {
  if (json === true) {
    terminal.printJson({ id: made.id, key: made.key });
    return;
  }
  terminal.print(made.key);
  terminal.note('this is the only time it is shown; the service keeps no more than its digest');
}

function stateOf({ revokedAt, expiresAt }: ApiKey, nowMs: number): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`;
  if (expiresAt === null) return 'good';
  return Date.parse(expiresAt) <= nowMs ? `expired ${expiresAt}` : `good until ${expiresAt}`;
}

/** Without the digests: no secrets, but of no use to anybody either. */
function shown(key: ApiKey): object {
  return { ...key, digest: undefined, previousDigest: undefined };
}

function unknownKey(id: string): CommandFailed {
  return new CommandFailed(
    EXIT.failed,
    `there is no key ${id} that is not revoked`,
    '"evercount keys list" shows them',
  );
}
