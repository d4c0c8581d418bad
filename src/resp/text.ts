/** Arguments and answers are strings of bytes, a character each; names of counters are text. */

const NOT_ASCII = /[^\0-\x7f]/;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text in the bytes of an argument; null where they are no UTF-8. */
export function textOf(bytes: string): string | null {
  if (!NOT_ASCII.test(bytes)) return bytes;
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return null;
  }
}

/** The bytes of a text, as they are sent. */
export function bytesOf(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text).toString('latin1') : text;
}
