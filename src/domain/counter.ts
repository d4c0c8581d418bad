/**
 * The words of this house, used the same way everywhere.
 *
 * - counter: a named integer that only Postgres may change.
 * - truth: what Postgres holds for a name: a counter, or its absence, at a version.
 * - version: counts the changes of a name, by one for each, deletions included; never used twice for one name.
 * - increment: an operation that adds; the other operations set, reset or delete.
 * - batch: the writes that are committed together.
 * - bundle: the writes of a batch that are decided together, all or nothing: an atomic request, or one write alone.
 * - lane: where writes wait for the batch before; several are for increments, and one for what is decided.
 * - holder: whose share it is of what there is only so much of: the id of a key.
 * - ruling: the state of a batch while its bundles are decided one after the other, under the locks of their rows.
 * - entry: the copy of a truth in Redis; it may vanish at any time.
 * - realm: where entries live: one Redis, found by its address or by Sentinel, or a cluster of them.
 * - unit: what of a realm may fail, move and be blind by itself: a single Redis is one, a cluster has units of slots.
 * - lease: the right to fill a missing entry, as long as nothing newer was shown to anybody.
 * - publish: bring a truth to Redis before anybody is told of it.
 * - exposure: telling a truth to anybody outside, by an answer, a 404 or a refusal; it is published first.
 * - guard: decides whether this instance may serve entries.
 * - permission: what the guard gives to who may serve entries, for a second; it names the identity they must have.
 * - clearance: the guard's word that what was published may be told, also where it could not be published.
 * - identity: which data an entry belongs to: format, Redis process, data set, database and epoch.
 * - epoch: a number in the guard's row; another one makes all entries there are foreign.
 * - sentinel: a key of ours in Redis whose absence tells upkeep that Redis was flushed.
 * - expiry: when a counter ends by itself; the moment decides, whoever writes the end down.
 * - drift: an entry that disagrees with the truth; reconcile finds and repairs it.
 * - deed: what somebody did, written down in the transaction that did it; what just came to pass is a happening.
 * - watch: what a counter should not be; its track is how one counter stands to it, and a turn is a change of that.
 * - edge: a place without a network that counts by itself; a delivery brings here what it counted.
 */

/** A counter as clients see it. */
export interface Counter {
  readonly name: string;
  /** From -MAX_VALUE to MAX_VALUE, and within `min` and `max` where they are set. */
  readonly value: number;
  /** Starts at 1 with the first change; see the words above. */
  readonly version: number;
  readonly min: number | null;
  readonly max: number | null;
  /** When it ends by itself, RFC 3339, UTC, milliseconds; from then on it is absent. Null: never. */
  readonly expiresAt: string | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly updatedAt: string;
}

/** A name that holds no counter: deleted at this version; or never there or purged, and then at the floor (first 0). */
export interface Absence {
  readonly name: string;
  readonly value: null;
  readonly version: number;
}

export type Truth = Counter | Absence;

/** Whether there is a counter: a truth tells of an absence, too. */
export function isCounter(truth: Truth): truth is Counter {
  return truth.value !== null;
}

/** The newer of two truths of one name. */
export function newerOf(a: Truth, b: Truth): Truth {
  return b.version > a.version ? b : a;
}

/** The JSON of a counter, its members always in the same order. */
export function counterJson(counter: Counter): string {
  return (
    `{"name":${JSON.stringify(counter.name)},"value":${counter.value},"version":${counter.version}` +
    `,"min":${counter.min},"max":${counter.max},"expiresAt":${instantJson(counter.expiresAt)}` +
    `,"createdAt":"${counter.createdAt}","updatedAt":"${counter.updatedAt}"}`
  );
}

function instantJson(instant: string | null): string {
  return instant === null ? 'null' : `"${instant}"`;
}

/** The digits of the value in the JSON of a counter. In a name every quote is escaped, so this is found nowhere else. */
export function valueInJson(json: string): string {
  const at = json.indexOf(VALUE_MEMBER) + VALUE_MEMBER.length;
  return json.slice(at, json.indexOf(',', at));
}

const VALUE_MEMBER = ',"value":';

/** A counter in the JSON that `counterJson` makes. */
export function counterInJson(json: string): Counter {
  return JSON.parse(json) as Counter;
}
