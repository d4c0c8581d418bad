import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProtocolError, type Request, RequestParser } from './request-parser.js';

const encoded = (args: readonly string[]): Buffer => {
  const parts = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`);
  return Buffer.from(`*${args.length}\r\n${parts.join('')}`, 'latin1');
};

/** What is found in bytes that come in pieces of these lengths. */
function parsed(bytes: Buffer, cuts: readonly number[]): { found: Request[]; fault: string | null } {
  const found: Request[] = [];
  const parser = new RequestParser((request) => found.push(request));
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let from = 0;
  try {
    for (const place of places) {
      parser.feed(bytes.subarray(from, place));
      from = place;
    }
  } catch (fault) {
    if (!(fault instanceof ProtocolError)) throw fault;
    return { found, fault: fault.message };
  }
  return { found, fault: null };
}

const bytesAsText = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('the parser of requests', () => {
  it('finds every command, any bytes in it, wherever it is cut', () => {
    const commands = fc.array(fc.array(bytesAsText, { minLength: 1, maxLength: 6 }), { maxLength: 6 });
    fc.assert(
      fc.property(commands, fc.array(fc.nat(), { maxLength: 12 }), (all, cuts) => {
        const { found, fault } = parsed(Buffer.concat(all.map(encoded)), cuts);
        expect(fault).toBeNull();
        expect(found.map(({ args }) => args)).toEqual(all);
      }),
    );
  });

  it('finds what is given again and again, and tells it from what is alike', () => {
    const args = fc.array(fc.constantFrom('', 'a', 'b', 'aa', 'ab', '\r\n', '*1\r\n$1\r\na\r\n'), {
      minLength: 1,
      maxLength: 3,
    });
    const runs = fc.array(fc.tuple(args, fc.integer({ min: 1, max: 4 })), { maxLength: 8 });
    fc.assert(
      fc.property(runs, fc.array(fc.nat(), { maxLength: 6 }), (repeated, cuts) => {
        const all = repeated.flatMap(([one, times]) => Array<readonly string[]>(times).fill(one));
        const { found } = parsed(Buffer.concat(all.map(encoded)), cuts);
        expect(found.map((request) => request.args)).toEqual(all);
        expect(found.map(({ bytes }) => bytes)).toEqual(all.map((one) => one.join('').length));
        found.forEach((request, index) => {
          const isAgain = index > 0 && JSON.stringify(all[index]) === JSON.stringify(all[index - 1]);
          expect(request === found[index - 1]).toBe(isAgain);
        });
      }),
    );
  });

  it('finds the same in any bytes, wherever they are cut', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          '*',
          '$',
          '\r\n',
          '\n',
          '*1\r\n',
          '*2\r\n$4\r\n',
          '$3\r\nGET\r\n',
          '-',
          '0',
          '9',
          'PING',
          ' ',
          '*0\r\n',
          '*-1\r\n',
        ),
        bytesAsText,
      ),
    );
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(), { maxLength: 12 }), (texts, cuts) => {
        const bytes = Buffer.from(texts.join(''), 'latin1');
        expect(parsed(bytes, cuts)).toEqual(parsed(bytes, []));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps nothing of what is too large but that it is', () => {
    const { found } = parsed(encoded(['SET', 'x'.repeat(513), 'y'.repeat(2_000)]), [7, 100, 600]);
    expect(found).toEqual([{ args: ['SET'], bytes: 3, fault: expect.stringContaining('too long') }]);
    expect(parsed(encoded(['x'.repeat(512)]), []).found[0]?.fault).toBeNull();
    expect(parsed(encoded(Array<string>(1_024).fill('x')), []).found[0]?.fault).toBeNull();
    const [many] = parsed(encoded(Array<string>(1_025).fill('x')), []).found;
    expect(many).toMatchObject({ args: ['x'], fault: expect.stringContaining('too many') });
    const [typed, next] = parsed(Buffer.from(`${'x '.repeat(1_025)}\nping\n`), []).found;
    expect(typed).toMatchObject({ args: ['x'], fault: expect.stringContaining('too many') });
    expect(next).toMatchObject({ args: ['ping'], fault: null });
  });
});
