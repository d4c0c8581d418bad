import {
  MAX_ANNOUNCED_ARGUMENTS,
  MAX_ANNOUNCED_BYTES,
  MAX_ARGUMENT_BYTES,
  MAX_ARGUMENTS,
  MAX_LINE_BYTES,
} from './limits.js';
import { wordsIn } from './inline-words.js';

/** What a client sent is no request: it is told, and hung up on. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** A command as it came. */
export interface Request {
  /** Each character a byte; of a command that is too large, those that were kept. */
  readonly args: readonly string[];
  /** As it was sent, about. */
  readonly bytes: number;
  /** What is too large about it; null for one that can be looked at. */
  readonly fault: string | null;
}

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const ASTERISK = 42;

const TOO_MANY = `too many arguments, at most ${MAX_ARGUMENTS} are taken`;
const TOO_LONG = `an argument is too long, at most ${MAX_ARGUMENT_BYTES} bytes are taken`;

const NOTHING = Buffer.alloc(0);

/**
 * Reads requests, wherever their bytes are cut. Bounded: it keeps the arguments of one command, and the begin of the
 * next argument. (Parsers that others maintain read replies: they take any length, and keep what it announces.)
 */
export class RequestParser {
  private buffer: Buffer = NOTHING;
  private offset = 0;
  /** Of the command that is being read. */
  private args: string[] = [];
  /** How many of them are those of the command before it. */
  private known = 0;
  /** The command before it. */
  private last: Request = { args: [], bytes: 0, fault: null };
  /** Where the command that is being read begins in the buffer, and where the one before lies in it; -1: not in it whole. */
  private begunAt = -1;
  private lastFrom = -1;
  private lastTo = -1;
  private expected = 0;
  private bytes = 0;
  private fault: string | null = null;
  /** Of the argument that is being read, -1 where its length has not been read. */
  private length = -1;
  /** Bytes of an argument that is too long, which are still to be read past. */
  private skipping = 0;

  /** @param found is told of each command, in order: of one that is given again right after itself, by the same object */
  constructor(private readonly found: (request: Request) => void) {}

  /** @throws ProtocolError */
  feed(chunk: Buffer): void {
    const left = this.buffer.length - this.offset;
    // At most a line or an argument is left, so this copies little however small the pieces are.
    this.buffer = left === 0 ? chunk : Buffer.concat([this.buffer.subarray(this.offset), chunk]);
    this.offset = 0;
    this.begunAt = -1;
    this.lastFrom = -1;
    while (this.offset < this.buffer.length && this.step());
    if (this.offset === this.buffer.length) this.buffer = NOTHING;
    if (this.buffer === NOTHING) this.offset = 0;
  }

  /** @returns whether it got on, else more bytes are needed */
  private step(): boolean {
    if (this.skipping > 0) return this.skip();
    if (this.expected === 0) return this.begin();
    return this.length === -1 ? this.readLength() : this.readArgument();
  }

  /** The first line of a command. */
  private begin(): boolean {
    if (this.isRepeated()) return true;
    this.begunAt = -1;
    if (this.buffer[this.offset] !== ASTERISK) return this.readInline();
    const begunAt = this.offset;
    const count = this.readNumber('invalid multibulk length');
    if (count === null) return false;
    this.begunAt = begunAt;
    if (count > MAX_ANNOUNCED_ARGUMENTS) throw new ProtocolError('invalid multibulk length');
    // Nothing is a command of nothing.
    this.expected = Math.max(0, count);
    if (count > MAX_ARGUMENTS) this.fault = TOO_MANY;
    return true;
  }

  /** The bytes of the command before once more mean the same once more. */
  private isRepeated(): boolean {
    const { buffer, offset, lastFrom } = this;
    if (lastFrom === -1) return false;
    const length = this.lastTo - lastFrom;
    if (offset + length > buffer.length) return false;
    // What differs mostly does so at its end.
    for (let place = length - 1; place >= 0; place -= 1) {
      if (buffer[lastFrom + place] !== buffer[offset + place]) return false;
    }
    this.offset += length;
    this.found(this.last);
    return true;
  }

  private readLength(): boolean {
    const type = this.buffer[this.offset];
    if (type !== DOLLAR) {
      throw new ProtocolError(`expected '$', got '${printable(String.fromCharCode(type ?? 0))}'`);
    }
    const length = this.readNumber('invalid bulk length');
    if (length === null) return false;
    if (length < 0 || length > MAX_ANNOUNCED_BYTES) throw new ProtocolError('invalid bulk length');
    if (length <= MAX_ARGUMENT_BYTES) {
      this.length = length;
      return true;
    }
    this.fault ??= TOO_LONG;
    this.skipping = length + 2;
    return true;
  }

  private readArgument(): boolean {
    const { buffer, offset, length } = this;
    const end = offset + length;
    if (end + 2 > buffer.length) return false;
    this.offset = end + 2;
    this.length = -1;
    this.bytes += length;
    // Of one that is refused, enough for its name.
    if (this.fault === null || this.args.length === 0) this.args.push(this.textOf(offset, end));
    this.argumentRead();
    return true;
  }

  /** The bytes of an argument, a character each; of a command that is given again, the text that is there already. */
  private textOf(offset: number, end: number): string {
    const { buffer, args, last } = this;
    const known = last.args[args.length];
    if (known?.length === end - offset && isAt(known, buffer, offset)) {
      this.known += 1;
      return known;
    }
    return buffer.toString('latin1', offset, end);
  }

  private skip(): boolean {
    const skipped = Math.min(this.skipping, this.buffer.length - this.offset);
    this.offset += skipped;
    this.skipping -= skipped;
    if (this.skipping > 0) return false;
    this.argumentRead();
    return true;
  }

  private argumentRead(): void {
    this.expected -= 1;
    if (this.expected === 0) this.complete();
  }

  private complete(): void {
    const { args, bytes, fault, last } = this;
    const isKnown = this.known === args.length && args.length === last.args.length;
    const isSame = isKnown && fault === null && last.fault === null && bytes === last.bytes;
    if (!isSame) this.last = { args, bytes, fault };
    this.lastFrom = fault === null ? this.begunAt : -1;
    this.lastTo = this.offset;
    this.args = [];
    this.known = 0;
    this.bytes = 0;
    this.fault = null;
    this.found(this.last);
  }

  /** A line without a type: what people type. */
  private readInline(): boolean {
    const line = this.readLine('too big inline request');
    if (line === null) return false;
    const words = wordsIn(line);
    if (words === null) throw new ProtocolError('unbalanced quotes in request');
    this.bytes = line.length;
    if (words.length > MAX_ARGUMENTS) this.fault = TOO_MANY;
    else if (words.some((word) => word.length > MAX_ARGUMENT_BYTES)) this.fault = TOO_LONG;
    this.args = this.fault === null ? words : words.slice(0, 1);
    if (words.length > 0) this.complete();
    return true;
  }

  /** The number of a line, behind its type; null where the line is not whole. */
  private readNumber(fault: string): number | null {
    const { buffer } = this;
    // Nearly all are of one digit or two.
    let at = this.offset + 1;
    let number = 0;
    for (let digits = 0; digits < 8; digits += 1, at += 1) {
      const byte = buffer[at];
      if (byte === undefined) return null;
      if (byte === CR && digits > 0) {
        if (at + 1 >= buffer.length) return null;
        this.offset = at + 2;
        return number;
      }
      if (byte < 48 || byte > 57) break;
      number = number * 10 + byte - 48;
    }
    const line = this.readLine(fault);
    if (line === null) return null;
    if (!/^.-?\d{1,15}$/.test(line)) throw new ProtocolError(fault);
    return Number(line.slice(1));
  }

  /** A line without its end; null where it is not whole. */
  private readLine(fault: string): string | null {
    const { buffer, offset } = this;
    const end = buffer.indexOf(LF, offset);
    if (end === -1 ? buffer.length - offset > MAX_LINE_BYTES : end - offset > MAX_LINE_BYTES) {
      throw new ProtocolError(fault);
    }
    if (end === -1) return null;
    this.offset = end + 1;
    return buffer.toString('latin1', offset, end > offset && buffer[end - 1] === CR ? end - 1 : end);
  }
}

function isAt(text: string, buffer: Buffer, offset: number): boolean {
  // What differs mostly does so at its end.
  for (let place = text.length - 1; place >= 0; place -= 1) {
    if (text.charCodeAt(place) !== buffer[offset + place]) return false;
  }
  return true;
}

/** What people and pages send who take this for a port of HTTP: no page must be able to speak to it. */
const HTTP = /^(post|host:)$/i;

/** Whether what was sent is a line of HTTP; then the connection is cut. */
export function isHttp([word = '']: readonly string[]): boolean {
  return HTTP.test(word);
}

/** What may stand in an error: one line of ASCII. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
