const NEWLINE = 0x0a;

/**
 * The lines of a stream, without their ends; several at a time, as they arrive. By bytes: libraries that read lines also
 * break them at characters that names may hold.
 *
 * @returns after the last whole line, what was left without an end
 */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer[], Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: Buffer[] = [];
    let begin = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, begin)) {
      lines.push(bytes.subarray(begin, end));
      begin = end + 1;
    }
    rest = bytes.subarray(begin);
    if (lines.length > 0) yield lines;
  }
  return rest;
}
