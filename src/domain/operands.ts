/** What an operation may be given: the rules of names, amounts, bounds and keys, whichever way they come in. */

/** The largest value a counter can hold, 2^53 - 1; the smallest is its negative. Exact in JSON and in JavaScript. */
export const MAX_VALUE = Number.MAX_SAFE_INTEGER;

/** Longest life of a counter that ends by itself: ten years. */
export const MAX_LIFE_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/** Longest name, in bytes of UTF-8. An index entry in Postgres must stay far below a third of a page. */
export const MAX_NAME_BYTES = 255;

/** Items of one batch: some ten milliseconds of work, so that a batch holds up nobody for long. */
export const MAX_ITEMS = 1000;

/** An idempotency key as clients choose it: 1 to 255 printable ASCII characters. */
export const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;

const CONTROL_OR_LONE_SURROGATE = /[\p{Cc}\p{Cs}]/u;

/** Says what is wrong with a name, or null: 1 to 255 bytes of UTF-8, no control characters, not `.` or `..`. */
export function faultOfName(name: string): string | null {
  if (name.length === 0) return 'must not be empty';
  if (name === '.' || name === '..') return 'must not be "." or "..": URL parsers remove them';
  return faultOfPrefix(name);
}

/** Says what is wrong with the beginning of names, or null: as a name, but it may be empty, `.` or `..`. */
export function faultOfPrefix(prefix: string): string | null {
  if (!isPrintableAscii(prefix) && CONTROL_OR_LONE_SURROGATE.test(prefix))
    return 'must be valid Unicode without control characters';
  // No character has more bytes than three.
  if (prefix.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(prefix) > MAX_NAME_BYTES) {
    return `must be at most ${MAX_NAME_BYTES} bytes of UTF-8`;
  }
  return null;
}

/** As nearly all names are, and a loop tells it in a fraction of the time that an expression takes. */
function isPrintableAscii(text: string): boolean {
  for (let place = 0; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/** Whether a value can be held by a counter, or be one of its bounds: an integer from -MAX_VALUE to MAX_VALUE. */
export function isValue(value: number): boolean {
  // The largest that is safe is the largest value.
  return Number.isSafeInteger(value);
}

/** Whether a lower and an upper bound leave room for a value; a bound that is null or undefined bounds nothing. */
export function areBounds(min: number | null | undefined, max: number | null | undefined): boolean {
  return typeof min !== 'number' || typeof max !== 'number' || min <= max;
}
