import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What each variable must look like, and how to say so. */
export type Table = Readonly<Record<string, readonly [z.ZodType, string | ((text: string) => string)]>>;

export type ValuesOf<T extends Table> = { [V in keyof T]?: z.output<T[V][0]> };

/** Addresses and names of this machine alone. */
export const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/**
 * Where to listen: on this machine alone, unless something else is said. An address of IPv6 is written in brackets in URLs,
 * and many write it so in a variable.
 */
export const listeningHost = (host = '127.0.0.1'): string => host.replace(/^\[(.+)\]$/, '$1');

/** What a Bearer token may be made of (RFC 6750); shorter ones could be guessed. */
export const BEARER_TOKEN = /^[\w.~+/=-]{16,255}$/;

/** Digits, with both ends of the range in it. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((n) => n >= min && n <= max);

export const isUrlOf = (text: string, protocols: readonly string[]): boolean =>
  URL.canParse(text) && protocols.includes(new URL(text).protocol);

export const httpUrl = z.string().refine((text) => isUrlOf(text, ['http:', 'https:']));

/**
 * The variables that are set, parsed; `faults` gets a line for each that is not what it must be. A variable may be given
 * as `NAME_FILE`, a path to read it from; an empty one counts as absent.
 *
 * @param secret variables whose values are not repeated in a message
 */
export function valuesOf<T extends Table>(
  table: T,
  secret: ReadonlySet<string>,
  environment: NodeJS.ProcessEnv,
  faults: string[],
): ValuesOf<T> {
  const values: Record<string, unknown> = {};
  for (const [name, [schema, takes]] of Object.entries(table)) {
    const text = textOf(name, environment, faults);
    if (text === undefined) continue;
    const parsed = schema.safeParse(text);
    // Present, though faulty: otherwise its absence would be reported as a second fault.
    values[name] = parsed.data;
    if (parsed.success) continue;
    const got = secret.has(name) ? 'a value that is not shown' : JSON.stringify(text);
    faults.push(`${name}: got ${got}; takes ${typeof takes === 'string' ? takes : takes(text)}`);
  }
  return values as ValuesOf<T>;
}

function textOf(name: string, environment: NodeJS.ProcessEnv, faults: string[]): string | undefined {
  const direct = environment[name] || undefined;
  const path = environment[`${name}_FILE`] || undefined;
  if (path === undefined) return direct;
  if (direct !== undefined) {
    faults.push(`${name}_FILE: got a path although ${name} is set too; takes one of the two`);
    return direct;
  }
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch (error) {
    faults.push(
      `${name}_FILE: got "${path}", which cannot be read (${(error as Error).message}); takes a readable file`,
    );
    return undefined;
  }
}
