import type { IncomingHttpHeaders } from 'node:http';
import type { Condition } from '../domain/operation.js';
import { refuse } from '../web/problems/problem.js';

/**
 * A list of entity tags (RFC 9110, section 8.8.3), one at least. Elements with nothing in them, as of who joins values, are
 * passed over (section 5.6.1.2), however many a head has room for: each character is looked at once.
 */
const LIST_OF_TAGS =
  /^[ \t,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*[ \t,]*$/;
const TAG = /"([^"]*)"/g;
/**
 * Our own tags: a version, without leading zeros. What compresses on the way marks them, each in its own way: as weak (nginx,
 * HAProxy), or by an ending (Apache, Caddy, Jetty). A version says all there is to say of a counter, however it was packed.
 */
const VERSION = /^([1-9]\d{0,15})(?:(?:--?|;)(?:br|deflate|gzip|zstd))?$/;

/** The entity tag of a version, quotes included. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * What `If-Match` and `If-None-Match` ask of the counter before it is changed; null: nothing.
 *
 * @throws ProblemError `invalid_request` for what is not `*` or a list of tags, for both headers at once, and for an
 * `If-None-Match` other than `*`
 */
export function conditionOf(headers: IncomingHttpHeaders): Condition | null {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  if (match !== undefined && noneMatch !== undefined) {
    refuse('If-Match and If-None-Match contradict each other; send one of them.');
  }
  if (noneMatch !== undefined) {
    if (noneMatch !== '*') refuse('If-None-Match takes only * here.');
    return { kind: 'absent' };
  }
  if (match === undefined) return null;
  if (match === '*') return { kind: 'exists' };
  return { kind: 'matches', versions: versionsOf('If-Match', match) };
}

/** An increment ignores no precondition: it says that it takes none. */
export function refuseCondition(headers: IncomingHttpHeaders): void {
  if (headers['if-match'] !== undefined || headers['if-none-match'] !== undefined) {
    refuse('If-Match and If-None-Match are taken by set, reset and delete only.');
  }
}

/**
 * Whether `If-None-Match` of a read names the version, so that the answer is 304.
 *
 * @throws ProblemError `invalid_request` for what is not `*` or a list of tags
 */
export function isNotModified(header: string | undefined, version: number): boolean {
  if (header === undefined) return false;
  if (header === '*' || header === etagOf(version)) return true;
  return versionsOf('If-None-Match', header).includes(version);
}

function versionsOf(header: string, text: string): number[] {
  if (!LIST_OF_TAGS.test(text)) refuse(`${header} must be * or a list of entity tags such as "5".`);
  const versions: number[] = [];
  for (const [, tag = ''] of text.matchAll(TAG)) {
    const version = VERSION.exec(tag)?.[1];
    if (version !== undefined) versions.push(Number(version));
  }
  return versions;
}
