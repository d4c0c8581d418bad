/** The embedded servers cannot run here; the message says why and what to do about it, ready to be printed. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
}
