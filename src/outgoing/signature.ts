import { createHmac, randomBytes } from 'node:crypto';

/** 256 random bits, as the specification of Standard Webhooks recommends 24 to 64 bytes. */
const SECRET_BYTES = 32;

const PREFIX = 'whsec_';

/** A new secret, as receivers are given it. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/**
 * The headers of Standard Webhooks by which a receiver knows who sent a message, and when.
 *
 * @param secrets each signs it: while they change there are two
 * @param atMs milliseconds since 1970
 */
export function signedHeaders(
  id: string,
  body: string,
  secrets: readonly string[],
  atMs: number,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(atMs / 1_000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
