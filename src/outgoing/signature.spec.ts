/** What is signed here, a receiver verifies with the library of the specification. */
import { expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { newWebhookSecret, signedHeaders } from './signature.js';

const BODY = '{"type":"watch.firing","data":{"counter":"größer","observed":9007199254740991}}';

it('a message is verified by its secret, and by no other', () => {
  const secret = newWebhookSecret();
  const headers = signedHeaders('msg_1', BODY, [secret], Date.now());
  expect(new Webhook(secret).verify(BODY, headers)).toMatchObject({ type: 'watch.firing' });
  expect(() => new Webhook(newWebhookSecret()).verify(BODY, headers)).toThrow();
  expect(() => new Webhook(secret).verify(BODY.replace('1', '2'), headers)).toThrow();
  expect(() => new Webhook(secret).verify(BODY, { ...headers, 'webhook-id': 'msg_2' })).toThrow();
});

it('while secrets change, either verifies it', () => {
  const [before, now] = [newWebhookSecret(), newWebhookSecret()];
  const headers = signedHeaders('msg_1', BODY, [now, before], Date.now());
  for (const secret of [before, now]) expect(new Webhook(secret).verify(BODY, headers)).toBeDefined();
});

it('one that was sent long ago is old to whoever gets it again', () => {
  const secret = newWebhookSecret();
  const headers = signedHeaders('msg_1', BODY, [secret], Date.now() - 600_000);
  expect(() => new Webhook(secret).verify(BODY, headers)).toThrow(/too old/);
});

it('secrets are of the form that receivers know, and each is another', () => {
  const secrets = Array.from({ length: 100 }, newWebhookSecret);
  for (const secret of secrets) expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(new Set(secrets).size).toBe(100);
});
