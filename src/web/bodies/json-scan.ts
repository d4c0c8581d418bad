import { ProblemError, refuse } from '../problems/problem.js';
import { isRounded } from '../../domain/json-number.js';
import { MAX_ITEMS } from '../../domain/operands.js';

/** Levels of lists and objects; the deepest body that a call takes has three. */
export const MAX_LEVELS = 8;

/** Commas, and so about as many members and items: ten for each item of a batch, more than an item has. */
export const MAX_COMMAS = 10 * MAX_ITEMS;

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
const COLON = ':'.charCodeAt(0);
const COMMA = ','.charCodeAt(0);
const [ZERO, NINE] = ['0'.charCodeAt(0), '9'.charCodeAt(0)];
const [PLUS, MINUS] = ['+'.charCodeAt(0), '-'.charCodeAt(0)];
const POINT = '.'.charCodeAt(0);
const [SMALL_E, LARGE_E] = ['e'.charCodeAt(0), 'E'.charCodeAt(0)];
const [OPEN_LIST, CLOSE_LIST] = ['['.charCodeAt(0), ']'.charCodeAt(0)];
const [OPEN_OBJECT, CLOSE_OBJECT] = ['{'.charCodeAt(0), '}'.charCodeAt(0)];

/**
 * Looks over the bytes of a JSON text before anything is made of them: reading a megabyte of brackets or of members
 * takes a hundred times as long as this, and everybody waits meanwhile. And what is read would not show any more that
 * 1.00000000000000000001 was no integer.
 *
 * @returns the colons outside of strings: in valid JSON each makes a member
 * @throws ProblemError `invalid_request` for too many levels and for a number that would be rounded to an integer,
 * `too_large` for too many members and items
 */
export function scanJson(text: Buffer): number {
  let [levels, commas, colons, fractions] = [0, 0, 0, 0];
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at] ?? 0;
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === COLON) colons += 1;
    else if (byte === COMMA) commas += 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) levels += 1;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) levels -= 1;
    else if (isPointOrExponent(byte) && isDigit(text[at - 1]) && fractions <= commas) {
      // Where there are more of them than commas allow it is no JSON, which is told when it is read.
      fractions += 1;
      at = endOfNumber(text, at);
    }
    if (levels > MAX_LEVELS) refuse(`The body has more than ${MAX_LEVELS} levels of lists and objects.`);
    if (commas > MAX_COMMAS) {
      throw new ProblemError('too_large', 'The body has more members and items than any call takes.');
    }
  }
  return colons;
}

/** @returns the place of the last byte of the number that has a point or an exponent there */
function endOfNumber(text: Buffer, at: number): number {
  let [first, last] = [at, at];
  while (isOfNumber(text[first - 1])) first -= 1;
  while (isOfNumber(text[last + 1])) last += 1;
  if (isRounded(text.toString('latin1', first, last + 1))) {
    refuse('The body has a number with more digits than can be told apart: it would be rounded to an integer.');
  }
  return last;
}

function isOfNumber(byte: number | undefined): boolean {
  return isDigit(byte) || isPointOrExponent(byte) || byte === PLUS || byte === MINUS;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function isPointOrExponent(byte: number | undefined): boolean {
  return byte === POINT || byte === SMALL_E || byte === LARGE_E;
}
