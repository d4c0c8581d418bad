import { MAX_LIFE_MS } from '../domain/operands.js';
import type { Expiry, ExpiryWhere } from '../domain/operation.js';
import { CommandError } from '../wire/resp/command-error.js';
import { int64Of } from '../wire/resp/integers.js';

/** How the four kinds of times that Redis knows are given. */
const UNITS = {
  EX: { ms: 1_000n, isMoment: false },
  PX: { ms: 1n, isMoment: false },
  EXAT: { ms: 1_000n, isMoment: true },
  PXAT: { ms: 1n, isMoment: true },
} as const;

export type Unit = keyof typeof UNITS;

const LONGEST_MS = BigInt(MAX_LIFE_MS);

/** All clocks that matter are by far closer together; a life of ten years is not measured in minutes. */
const CLOCKS_APART_MS = 60_000n;

/** Whether a word, in capitals, names one of them. */
export function isUnit(word: string): word is Unit {
  return Object.hasOwn(UNITS, word);
}

/**
 * When a counter ends, as SET and its kin take it: what is not positive is refused, and so is a life past ten years.
 *
 * @param command for the error
 * @throws CommandError
 */
export function expiryOf(unit: Unit, time: string, command: string, where: ExpiryWhere = 'always'): Expiry {
  const value = int64Of(time);
  if (value <= 0n) throw invalid(command);
  return expiryIn(unit, value, command, where);
}

/**
 * The same as EXPIRE and its kin take it: what is past ends the counter at once.
 *
 * @throws CommandError
 */
export function endOf(unit: Unit, time: string, command: string): Expiry {
  const { ms } = UNITS[unit];
  const value = int64Of(time);
  // As Redis: what does not fit into 64 bits of milliseconds.
  if (BigInt.asIntN(64, value * ms) !== value * ms) throw invalid(command);
  if (value <= 0n) return PAST;
  return expiryIn(unit, value, command, 'always');
}

/** Long over. */
const PAST: Expiry = { kind: 'at', moment: new Date(0).toISOString(), where: 'always' };

function expiryIn(unit: Unit, value: bigint, command: string, where: ExpiryWhere): Expiry {
  const { ms, isMoment } = UNITS[unit];
  const given = value * ms;
  const longest = isMoment ? BigInt(Date.now()) + LONGEST_MS + CLOCKS_APART_MS : LONGEST_MS;
  if (given > longest) throw invalid(command);
  if (!isMoment) return { kind: 'in', ms: Number(given), where };
  return { kind: 'at', moment: new Date(Number(given)).toISOString(), where };
}

function invalid(command: string): CommandError {
  return new CommandError(`ERR invalid expire time in '${command}' command`);
}
