/** The highest code point, as often as fits into the longest name: above every name that begins with a prefix. */
const ABOVE_ALL = '\u{10FFFF}'.repeat(64);

/** The names that begin with a prefix lie between it and this; a range the index serves, and nothing in it is special. */
export function endOfPrefix(prefix: string): string {
  return prefix + ABOVE_ALL;
}
