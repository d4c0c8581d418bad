/**
 * What the service would log, as a sentence to people.
 *
 * @param message a sentence, an error, or an object of which `msg` is the sentence
 */
export function sentenceOf(message: unknown): string {
  if (message instanceof Error) return message.message;
  if (typeof message !== 'object' || message === null) return String(message);
  const { msg, reason } = message as { readonly msg?: unknown; readonly reason?: unknown };
  return [msg, reason].filter((part) => typeof part === 'string').join(': ');
}
