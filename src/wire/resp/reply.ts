/** Answers as they are sent; each character is a byte. */

/** Which of the two protocols a connection speaks, RESP2 or RESP3. */
export type Protocol = 2 | 3;

export const OK = '+OK\r\n';
export const QUEUED = '+QUEUED\r\n';
export const PONG = '+PONG\r\n';
export const EMPTY_ARRAY = '*0\r\n';

const NULL_OF = { 2: '$-1\r\n', 3: '_\r\n' } as const;
const NULL_ARRAY_OF = { 2: '*-1\r\n', 3: '_\r\n' } as const;

/** @param text one line */
export function simple(text: string): string {
  return `+${text}\r\n`;
}

/** @param text one line, its first word in capitals says what kind it is */
export function error(text: string): string {
  return `-${text}\r\n`;
}

/** @param value a whole number, within 64 bits */
export function integer(value: number | bigint | string): string {
  return `:${value}\r\n`;
}

/** @param bytes a character each */
export function bulk(bytes: string): string {
  return `$${bytes.length}\r\n${bytes}\r\n`;
}

export function nothing(protocol: Protocol): string {
  return NULL_OF[protocol];
}

/** In place of an array: what EXEC answers where nothing was done. */
export function noArray(protocol: Protocol): string {
  return NULL_ARRAY_OF[protocol];
}

/** @param items answers themselves */
export function array(items: readonly string[]): string {
  return `*${items.length}\r\n${items.join('')}`;
}

/** An array of texts, a character of which is a byte. */
export function bulks(texts: readonly string[]): string {
  return array(texts.map(bulk));
}

/** A map; to RESP2 an array of both in turns. */
export function map(protocol: Protocol, pairs: readonly (readonly [name: string, item: string])[]): string {
  const items = pairs.map(([name, item]) => bulk(name) + item).join('');
  return protocol === 3 ? `%${pairs.length}\r\n${items}` : `*${2 * pairs.length}\r\n${items}`;
}

/** A set; to RESP2 an array. */
export function set(protocol: Protocol, items: readonly string[]): string {
  return protocol === 3 ? `~${items.length}\r\n${items.join('')}` : array(items);
}

/** Text for people. */
export function verbatim(protocol: Protocol, bytes: string): string {
  return protocol === 3 ? `=${bytes.length + 4}\r\ntxt:${bytes}\r\n` : bulk(bytes);
}
