import { type Absence, type Counter, isCounter, type Truth } from '../domain/counter.js';
import { utc } from './utc.js';

/** A column of a counter beside its name. */
interface Column {
  readonly name: string;
  readonly type: 'bigint' | 'timestamptz';
  /** What it is called in the row of a batch, which holds many counters: an array. */
  readonly plural: string;
  /** What it is called in the row of an idempotency key; left out: the same. */
  readonly inKey?: string;
  readonly valueOf: (counter: Counter) => number | string | null;
  /** Left out: null. */
  readonly ofAbsence?: (absence: Absence, since: string | null) => number | string | null;
  /** What stands in a tombstone, if null may not; SQL, of a relation that has the other columns. */
  readonly inTombstone?: (relation: string) => string;
}

/** Wherever counters are written down, their columns come in this order. */
const COLUMNS: readonly Column[] = [
  { name: 'value', type: 'bigint', plural: '"values"', valueOf: ({ value }) => value, inTombstone: () => '0' },
  {
    name: 'version',
    type: 'bigint',
    plural: 'versions',
    valueOf: ({ version }) => version,
    ofAbsence: ({ version }) => version,
  },
  { name: 'min', type: 'bigint', plural: 'mins', valueOf: ({ min }) => min },
  { name: 'max', type: 'bigint', plural: 'maxes', valueOf: ({ max }) => max },
  {
    name: 'expires_at',
    type: 'timestamptz',
    plural: 'expires_ats',
    // The key itself expires too.
    inKey: 'counter_expires_at',
    valueOf: ({ expiresAt }) => expiresAt,
  },
  {
    name: 'created_at',
    type: 'timestamptz',
    plural: 'created_ats',
    valueOf: ({ createdAt }) => createdAt,
    inTombstone: (relation) => `${relation}.updated_at`,
  },
  {
    name: 'updated_at',
    type: 'timestamptz',
    plural: 'updated_ats',
    valueOf: ({ updatedAt }) => updatedAt,
    ofAbsence: (_, since) => since,
  },
];

const listOf = (each: (column: Column, index: number) => string): string => COLUMNS.map(each).join(', ');

/** The state of a counter: its columns beside the name, as they are. */
export const STATE = listOf(({ name }) => name);

/** Whether a row of `counters` holds a counter now; what has ended is none, whether that is written down or not. */
export const IS_LIVE = 'NOT deleted AND (expires_at IS NULL OR expires_at > clock_timestamp())';

/** The names of the same columns in the row of a batch. */
export const STATES = listOf(({ plural }) => plural);

/** Gathers the states of many rows into those columns. */
export const GATHERED_STATES = listOf(({ name }) => `array_agg(${name})`);

/** The names of the same columns in the row of an idempotency key. */
export const STATE_IN_KEY = listOf(({ name, inKey }) => inKey ?? name);

/** The state of a relation as it is read, bigint as text and times as RFC 3339; as a `StateRow` has it. */
export const stateAsText = (relation: string): string => listOf((column) => asText(relation, column.name, column));

/** The same of the row of an idempotency key. */
export const keyStateAsText = (relation: string): string =>
  listOf((column) => asText(relation, column.inKey ?? column.name, column));

function asText(relation: string, name: string, column: Column): string {
  const read = `${relation}.${name}`;
  return `${column.type === 'timestamptz' ? utc(read) : read} AS ${column.name}`;
}

/** A row of `counters` as it is read. */
export const COUNTER_COLUMNS = `name, deleted, ${stateAsText('counters')}`;

/** A row like `COUNTER_COLUMNS`, of what is absent: a name and a version, in SQL. */
export const absentColumns = (name: string, version: string): string =>
  `${name}, true, ${listOf((column) =>
    column.name === 'version' ? version : column.type === 'timestamptz' ? 'NULL::text' : 'NULL::bigint',
  )}`;

/** The same columns of an unnest of `stateArrays`, as a row of `counters` has them: a tombstone holds 0. */
export const rowOf = (relation: string): string =>
  listOf(({ name, inTombstone }) =>
    inTombstone === undefined ? `${relation}.${name}` : `coalesce(${relation}.${name}, ${inTombstone(relation)})`,
  );

/** The state in the row of a batch, of rows `c` that were made tombstones. */
export const STATE_OF_ENDED = listOf(({ name, ofAbsence, type }) =>
  ofAbsence === undefined ? `NULL::${type} AS ${name}` : `c.${name}`,
);

/** The state with a value and a version that are less by those of other columns. */
export const stateLess = (value: string, version: string): string => {
  const less: Readonly<Record<string, string>> = { value: ` - ${value}`, version: ` - ${version}` };
  return listOf(({ name }) => name + (less[name] ?? ''));
};

/** How many arrays `stateArrays` makes. */
export const STATE_WIDTH = COLUMNS.length;

/** The parameters from `$first` on for `stateArrays`, in an unnest that calls its columns as `STATE` does. */
export const stateParameters = (first: number): string => listOf(({ type }, index) => `$${first + index}::${type}[]`);

/**
 * An array for each column of the state, of absences with the version alone.
 *
 * @param absentSince when what is absent came to be so; null: it is not told
 */
export function stateArrays(truths: readonly Truth[], absentSince: string | null = null): unknown[][] {
  return COLUMNS.map(({ valueOf, ofAbsence }) =>
    truths.map((truth) => (isCounter(truth) ? valueOf(truth) : (ofAbsence?.(truth, absentSince) ?? null))),
  );
}

/** What stands between the parts of a line: neither numbers nor times nor JSON hold a control character. */
const SEPARATOR = '\t';

/** A counter as a line of text, which `counterOfLine` reads. Texts travel as JSON, whatever they hold. */
export const LINE = `concat_ws(E'\\t', to_json(name), ${listOf(
  ({ name, type }) => `coalesce(${type === 'timestamptz' ? utc(name) : `${name}::text`}, '')`,
)})`;

/** Reads a `LINE`. */
export function counterOfLine(line: string): Counter {
  const [name = '', value = '', version = '', min = '', max = '', expiresAt = '', createdAt = '', updatedAt = ''] =
    line.split(SEPARATOR);
  return {
    name: textOf(name),
    value: Number(value),
    version: Number(version),
    min: numberOrNull(min),
    max: numberOrNull(max),
    expiresAt: expiresAt === '' ? null : expiresAt,
    createdAt,
    updatedAt,
  };
}

/** To parse JSON costs more than the rest of a line, and most texts stand in it as they are. */
function textOf(json: string): string {
  return json.includes('\\') ? (JSON.parse(json) as string) : json.slice(1, -1);
}

/** A state as it is read; null where there is no counter. */
export interface StateRow {
  readonly value: string | null;
  readonly version: string;
  readonly min: string | null;
  readonly max: string | null;
  readonly expires_at: string | null;
  readonly created_at: string | null;
  readonly updated_at: string | null;
}

export interface CounterRow extends StateRow {
  readonly name: string;
  readonly deleted: boolean;
}

/** Whether a row's counter has ended although nobody wrote it down yet. @param clock RFC 3339, the database's */
export function isOver({ deleted, expires_at }: CounterRow, clock: string): boolean {
  return !deleted && expires_at !== null && expires_at <= clock;
}

/**
 * What a row that is locked holds at an instant: a counter whose time is over is absent, one version on.
 *
 * @param clock RFC 3339, the database's, read behind the lock
 */
export function truthAt(row: CounterRow, clock: string): Truth {
  return isOver(row, clock) ? { name: row.name, value: null, version: Number(row.version) + 1 } : truthOf(row);
}

/** Exact: the CHECKs keep every number of a row within 2^53 - 1. */
export function truthOf({
  name,
  deleted,
  value,
  version,
  min,
  max,
  expires_at,
  created_at,
  updated_at,
}: CounterRow): Truth {
  if (deleted) return { name, value: null, version: Number(version) };
  return {
    name,
    value: Number(value),
    version: Number(version),
    min: numberOrNull(min),
    max: numberOrNull(max),
    expiresAt: expires_at,
    createdAt: created_at ?? '',
    updatedAt: updated_at ?? '',
  };
}

/** A bigint as Postgres writes it; null where it is NULL, for which a `LINE` holds nothing. */
export function numberOrNull(text: string | null): number | null {
  return text === null || text === '' ? null : Number(text);
}
