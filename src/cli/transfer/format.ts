/**
 * The file of an export: lines of JSON. The first one says what it is, the last one how many lines there are between the
 * two and the SHA-256 of all that stands before it.
 */
import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { z } from 'zod';
import { counterJson, isCounter, type Truth } from '../../domain/counter.js';
import { isRounded } from '../../domain/json-number.js';
import { faultOfName, MAX_VALUE } from '../../domain/operands.js';
import type { ImportedCounter } from '../../counters/imports/import-rule.js';
import { CommandFailed, EXIT } from '../exit-codes.js';

const FORMAT = 1;

/** Leaves a counter more changes than it can see; versions end at 2^53 - 1. */
const MAX_IMPORTED_VERSION = 2 ** 52;

/** Longer than any line of ours: a name of 255 bytes, all of it escaped, and numbers. */
const MAX_LINE_BYTES = 4_096;

const Header = z.strictObject({ evercount: z.literal('export'), format: z.literal(FORMAT), prefix: z.string() });
const End = z.strictObject({ evercount: z.literal('end'), lines: z.int().min(0), sha256: z.string() });

const Value = z.int().min(-MAX_VALUE).max(MAX_VALUE);
const Instant = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text).toISOString())
  // Years of more than four digits have a sign, which is less than any digit.
  .refine((text) => text >= '1970');

const Line = z
  .strictObject({
    name: z.string().superRefine((name, context) => {
      const fault = faultOfName(name);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    }),
    value: Value.nullable(),
    version: z.int().min(1).max(MAX_IMPORTED_VERSION).nullable().default(null),
    min: Value.nullable().default(null),
    max: Value.nullable().default(null),
    expiresAt: Instant.nullable().default(null),
    createdAt: Instant.nullable().default(null),
    updatedAt: Instant.nullable().default(null),
  })
  .refine(({ value, min }) => value === null || min === null || value >= min, { message: 'value is below min' })
  .refine(({ value, max }) => value === null || max === null || value <= max, { message: 'value is above max' })
  .refine(({ min, max }) => min === null || max === null || min <= max, { message: 'min is above max' })
  .refine(({ value, min, max }) => value !== null || (min === null && max === null), {
    message: 'a deleted counter has no bounds',
  });

/** The first line. @param prefix of the names that were asked for; '' is all of them */
export function headerLine(prefix: string): string {
  return `${JSON.stringify({ evercount: 'export', format: FORMAT, prefix })}\n`;
}

/** The line of a counter, or of one that was deleted. */
export function lineOf(truth: Truth): string {
  if (isCounter(truth)) return `${counterJson(truth)}\n`;
  return `{"name":${JSON.stringify(truth.name)},"value":null,"version":${truth.version}}\n`;
}

/** The last line. @param lines between the first and this one; `sha256` in hex, of all before it */
export function endLine(lines: number, sha256: string): string {
  return `${JSON.stringify({ evercount: 'end', lines, sha256 })}\n`;
}

/** Reads the lines of a file in their order, and knows at the end whether they were all of it. */
export class FileReader {
  private readonly hash: Hash = createHash('sha256');
  private number = 0;
  private counters = 0;
  private end: z.output<typeof End> | null = null;
  private sum: string | null = null;

  /** @param whole whether it must have the first and the last line of an export */
  constructor(private readonly whole: boolean) {}

  /** SHA-256 of everything before the last line; null before that. */
  get sha256(): string | null {
    return this.sum;
  }

  /**
   * @returns the counter in the line; null: there is none in it
   * @throws CommandFailed naming the line
   */
  read(line: Buffer): ImportedCounter | null {
    this.number += 1;
    if (line.length > MAX_LINE_BYTES) throw this.fault('is longer than any counter');
    if (this.end !== null) throw this.fault('stands after the end of the export');
    const value = this.parse(line);
    if (isOurs(value)) return this.readOurs(value, line);
    if (this.whole && this.number === 1) throw this.fault('is not the first line of an export', NOT_AN_EXPORT);
    this.hash.update(line).update('\n');
    this.counters += 1;
    const parsed = Line.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw this.fault(`${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is no counter'}`.trim());
  }

  /**
   * To be called after the last line.
   *
   * @param rest what came after it: an export is cut off there, lines of one's own need no newline at their end
   * @returns the counter in the rest; null: there is none in it
   * @throws CommandFailed where something is missing or was changed
   */
  finish(rest: Buffer): ImportedCounter | null {
    const last = rest.length > 0 && !this.whole ? this.read(rest) : null;
    if (this.whole && (rest.length > 0 || this.end === null)) {
      throw new CommandFailed(EXIT.data, 'the file is cut off: its last line is missing', 'export it again');
    }
    if (this.end === null) return last;
    if (this.end.lines !== this.counters || this.end.sha256 !== this.sum) {
      throw new CommandFailed(EXIT.data, 'the file was changed: its checksum does not fit', 'export it again');
    }
    return last;
  }

  private readOurs(value: object, line: Buffer): null {
    const end = End.safeParse(value);
    if (end.success) {
      this.end = end.data;
      this.sum = this.hash.digest('hex');
      return null;
    }
    if (this.number !== 1 || !Header.safeParse(value).success) {
      throw this.fault('is of another format', 'is this evercount older than the one that exported?');
    }
    this.hash.update(line).update('\n');
    return null;
  }

  private parse(line: Buffer): unknown {
    // Read all the same, a name would become another one.
    if (!isUtf8(line)) throw this.fault('is no UTF-8');
    const text = line.toString('utf8');
    let value: unknown;
    try {
      value = JSON.parse(this.number === 1 && !this.whole ? withoutMark(text) : text);
    } catch {
      throw this.fault('is no JSON', this.number === 1 && this.whole ? NOT_AN_EXPORT : null);
    }
    if (hasRounded(text)) throw this.fault('has a number that would be rounded to an integer');
    return value;
  }

  private fault(what: string, remedy: string | null = null): CommandFailed {
    return new CommandFailed(EXIT.data, `line ${this.number} ${what}`, remedy);
  }
}

const NOT_AN_EXPORT = 'lines of {"name", "value", …} without a checksum are taken with --no-checksum';

/** Whether a number in valid JSON is none of the integers that it would be read as. */
function hasRounded(json: string): boolean {
  // As hardly any line has; but names may look so.
  if (!/[:,[]\s*-?\d+[.e]/i.test(json)) return false;
  const withoutTexts = json.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  return withoutTexts.match(/[\d.e+-]+/gi)?.some(isRounded) ?? false;
}

/** Editors put a byte order mark in front of a file. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function isOurs(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'evercount' in value;
}
