import { describe, expect, it } from '@jest/globals';
import { newApiKey, newKeyId, newSession } from './access/api-key.js';
import { createLogger } from './logger.js';

const ADMIN_KEY = 'an+operators/own~key=0123456789';
const id = newKeyId();
const key = newApiKey(id);
const session = newSession();

/** The lines of a log in which clients had their say. */
function logged(...says: readonly string[]): string {
  const lines: string[] = [];
  const logger = createLogger({ level: 'trace', hidden: [ADMIN_KEY] }, { write: (line) => void lines.push(line) });
  for (const text of says) {
    logger.debug({ msg: 'request', url: `/v1/counters?${text}`, requestId: text });
    logger.warn(text);
    logger.error({ err: new Error(text) });
  }
  expect(lines).toHaveLength(says.length * 3);
  return lines.join('');
}

/** Whatever comes before a secret in a URL, a header or a text. */
const BEFORE = [
  '',
  'key_',
  '%20',
  '%3D',
  'id',
  '\n',
  '\t',
  '\\n',
  '\u0001',
  'x',
  '0',
  '_',
  'é',
  'Bearer ',
  'key=',
  '"',
];

const percent = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');

describe('the log holds no', () => {
  it.each([
    ['key', key, key.slice(`ec_${id}_`.length)],
    ['session', session, session.slice('es_'.length)],
    ['key of the configuration', ADMIN_KEY, ADMIN_KEY],
  ])('%s, whatever stands before or behind it', (_what, secret, part) => {
    const log = logged(...BEFORE.flatMap((before) => [before + secret, `${before}${secret}${before}`]));
    expect(log).not.toContain(part);
    const capitals = logged(...BEFORE.map((before) => before + secret.toUpperCase()));
    expect(capitals.toLowerCase()).not.toContain(part.toLowerCase());
  });

  it('key or session that is partly encoded', () => {
    for (const [secret, part] of [
      [key, key.slice(-57)],
      [session, session.slice(3)],
    ] as const) {
      for (const line of ['%5F', '%5f']) expect(logged(`k=${secret.replaceAll('_', line)}`)).not.toContain(part);
    }
    for (const given of [
      encodeURIComponent(ADMIN_KEY),
      encodeURIComponent(ADMIN_KEY).toLowerCase(),
      percent(ADMIN_KEY),
    ]) {
      const log = logged(`a${given}`);
      expect(log).not.toContain(given);
      expect(log).not.toContain('0123456789');
    }
  });

  it('key that was cut', () => {
    expect(logged(`x${key.slice(0, -20)}`)).not.toContain(key.slice(20, 40));
    expect(logged(`x${session.slice(0, -20)}`)).not.toContain(session.slice(3, 20));
  });
});

it('the log keeps the words that begin or end alike, and the id of a key', () => {
  const words = 'rec_counters duplicates_of minutes_kept idempotency_keys_expire_at ec_ es_x batches_applied_at';
  expect(logged(words)).toContain(words);
  expect(logged(key)).toContain(`ec_${id}_…`);
});
