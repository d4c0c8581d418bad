/** Arguments and answers are strings of bytes, a character each; names of counters are text. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text in the bytes of an argument; null where they are no UTF-8. */
export function textOf(bytes: string): string | null {
  if (isAscii(bytes)) return bytes;
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return null;
  }
}

/** The bytes of a text, as they are sent. */
export function bytesOf(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString('latin1');
}

/** By a loop: each name that is asked for comes by here, and an expression takes several times as long. */
function isAscii(text: string): boolean {
  for (let place = 0; place < text.length; place += 1) if (text.charCodeAt(place) > 0x7f) return false;
  return true;
}
