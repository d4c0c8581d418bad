const SPACE = /[ \t\v\f\r]/;
const HEX = /^x([0-9a-f]{2})/i;
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['a', '\x07'],
]);

/**
 * The words of a line that somebody typed, as Redis takes them: between spaces, and what has some stands in quotes; in
 * double ones `\n`, `\x41` and their kin are escapes.
 *
 * @param line each character a byte
 * @returns null where a quote is not closed, or closed in the middle of a word
 */
export function wordsIn(line: string): string[] | null {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (SPACE.test(line.charAt(at))) at += 1;
    if (at >= line.length) return words;
    let word = '';
    let quote = '';
    for (; at < line.length; at += 1) {
      const character = line.charAt(at);
      if (quote === '') {
        if (SPACE.test(character)) break;
        if (character === '"' || character === "'") quote = character;
        else word += character;
      } else if (character === quote) {
        if (at + 1 < line.length && !SPACE.test(line.charAt(at + 1))) return null;
        quote = '';
      } else if (character === '\\' && at + 1 < line.length) {
        const [meant, length] = escapeIn(line, at, quote);
        word += meant;
        at += length - 1;
      } else word += character;
    }
    if (quote !== '') return null;
    words.push(word);
  }
}

/** What a backslash and what follows it mean within quotes, and how many characters they are. */
function escapeIn(line: string, at: number, quote: string): [meant: string, length: number] {
  const next = line.charAt(at + 1);
  if (quote === "'") return next === "'" ? [next, 2] : ['\\', 1];
  const hex = HEX.exec(line.slice(at + 1, at + 4))?.[1];
  if (hex !== undefined) return [String.fromCharCode(Number.parseInt(hex, 16)), 4];
  return [ESCAPED.get(next) ?? next, 2];
}
