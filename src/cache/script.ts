import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Line } from './line.js';

/** A script, sent by its hash; Redis is given the source again where it has forgotten it. */
export interface Script {
  readonly source: string;
  readonly sha1: string;
}

/** One call of a script. */
export interface Call {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** Reads `scripts/<name>.lua`, with `identity.lua` in front of it. */
export function scriptOf(name: string): Script {
  const read = (file: string): string => readFileSync(new URL(`./scripts/${file}.lua`, import.meta.url), 'utf8');
  const source = `${read('identity')}\n${read(name)}`;
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

/**
 * Calls a script in one pipeline.
 *
 * @returns for each call a reply for each of its keys, or the error by which Redis refused it
 * @throws CacheUnavailable where there may be no reply at all
 */
export async function run<T>(line: Line, script: Script, calls: readonly Call[]): Promise<(T[] | Error)[]> {
  const commands = calls.map(
    ({ keys, args }) => ['evalsha', script.sha1, keys.length, ...keys, ...args] as [string, ...(string | number)[]],
  );
  let replies = await line.send(commands);
  if (replies.some((reply) => reply instanceof Error && reply.message.startsWith('NOSCRIPT'))) {
    await line.ask(['script', 'LOAD', script.source]);
    replies = await line.send(commands);
  }
  return replies as (T[] | Error)[];
}
