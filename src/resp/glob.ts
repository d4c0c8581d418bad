/**
 * Patterns as Redis knows them: `*`, `?`, `[abc]`, `[^a-c]`, and `\` before what is meant as it stands. Characters are
 * bytes. Linear in the text for each star, whatever the pattern: it never goes back behind the last one.
 */
export function matcherOf(pattern: string): (text: string) => boolean {
  const parts = partsOf(pattern);
  return (text) => matches(parts, text);
}

/** The characters that every match begins with. */
export function literalPrefixOf(pattern: string): string {
  let prefix = '';
  for (const part of partsOf(pattern)) {
    if (typeof part !== 'string') break;
    prefix += part;
  }
  return prefix;
}

interface OneOf {
  readonly isNegated: boolean;
  readonly ranges: readonly (readonly [from: string, to: string])[];
}

/** A character; any number of them, or any one, or one of several. */
type Part = string | { readonly kind: 'many' | 'any' } | ({ readonly kind: 'one of' } & OneOf);

function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    if (character === '*') {
      const last = parts.at(-1);
      if (typeof last !== 'object' || last.kind !== 'many') parts.push({ kind: 'many' });
    } else if (character === '?') parts.push({ kind: 'any' });
    else if (character === '\\' && at + 1 < pattern.length) {
      at += 1;
      parts.push(pattern.charAt(at));
    } else if (character === '[') {
      const [set, end] = setIn(pattern, at + 1);
      parts.push({ kind: 'one of', ...set });
      at = end;
    } else parts.push(character);
  }
  return parts;
}

/** @returns the set, and where its bracket is closed; one that is not closed ends with the pattern */
function setIn(pattern: string, begin: number): [OneOf, number] {
  const isNegated = pattern.charAt(begin) === '^';
  const ranges: [string, string][] = [];
  let at = isNegated ? begin + 1 : begin;
  for (; at < pattern.length && pattern.charAt(at) !== ']'; at += 1) {
    if (pattern.charAt(at) === '\\' && at + 1 < pattern.length) at += 1;
    const from = pattern.charAt(at);
    let to = from;
    if (pattern.charAt(at + 1) === '-' && at + 2 < pattern.length) {
      to = pattern.charAt(at + 2);
      at += 2;
    }
    ranges.push(from <= to ? [from, to] : [to, from]);
  }
  return [{ isNegated, ranges }, at];
}

function matches(parts: readonly Part[], text: string): boolean {
  let part = 0;
  let at = 0;
  // Where the last star stands, and how far it reaches by now.
  let star = -1;
  let reached = 0;
  while (at < text.length) {
    const wanted = parts[part];
    if (typeof wanted === 'object' && wanted.kind === 'many') {
      star = part;
      reached = at;
      part += 1;
    } else if (wanted !== undefined && fits(wanted, text.charAt(at))) {
      part += 1;
      at += 1;
    } else if (star !== -1) {
      reached += 1;
      at = reached;
      part = star + 1;
    } else return false;
  }
  while (part < parts.length) {
    const left = parts[part];
    if (typeof left !== 'object' || left.kind !== 'many') return false;
    part += 1;
  }
  return true;
}

function fits(part: Part, character: string): boolean {
  if (typeof part === 'string') return part === character;
  if (part.kind !== 'one of') return true;
  return part.ranges.some(([from, to]) => character >= from && character <= to) !== part.isNegated;
}
