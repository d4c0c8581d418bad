/** More than can be done is refused before it is accepted; what was accepted is counted. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { eventually } from '../support/eventually.js';
import { withServiceProcess } from '../support/service.js';

const MAX_QUEUED = 50;

/** More than Node lets wait by default, 511, where the system lets as many wait. */
const CROWD = Math.min(1_000, Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')));

const service = withServiceProcess({ ownPostgres: true, env: { MAX_QUEUED_WRITES: String(MAX_QUEUED) } });

it('refuses with 503 and Retry-After past the bound of the queue, and counts exactly the others', async () => {
  await service.calls.increment('crowded');
  await service.postgres.freeze();
  const waiting = Array.from({ length: 4 * MAX_QUEUED }, () => service.calls.increment('crowded'));
  let refused = 0;
  for (const reply of waiting) void reply.then(({ status }) => (refused += status === 503 ? 1 : 0));
  // Nothing can be committed, so these were not accepted: only as many as the queue takes are still waiting.
  await eventually(() => refused >= 3 * MAX_QUEUED);
  await service.postgres.thaw();

  const replies = await Promise.all(waiting);
  const codes = replies.map(({ status, body }) => (status === 200 ? 'ok' : (body as unknown as { code: string }).code));
  const times = (code: string): number => codes.filter((other) => other === code).length;
  for (const { headers } of replies.filter(({ status }) => status === 503)) {
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  expect(times('ok') + times('unavailable') + times('outcome_unknown')).toBe(replies.length);
  expect(times('unavailable')).toBeGreaterThanOrEqual(3 * MAX_QUEUED);
  // On a machine so slow that the thaw came late, some were told that it cannot be known.
  const { value } = (await service.calls.read('crowded', '?consistency=strong')).body;
  expect(value).toBeGreaterThanOrEqual(1 + times('ok'));
  expect(value).toBeLessThanOrEqual(1 + times('ok') + times('outcome_unknown'));
});

it('a batch that does not fit into the queue is refused as a whole', async () => {
  const increments = Array.from({ length: MAX_QUEUED + 1 }, (_, index) => ({ name: `item ${index}` }));
  const { status } = await service.calls.batch({ increments, atomic: true });
  expect(status).toBe(503);
  expect((await service.calls.read('item 0')).status).toBe(404);
});

it('a crowd that comes at once is let in as a whole, even while the service is busy', async () => {
  await service.app.freeze();
  const crowd = Array.from({ length: CROWD }, () => connect(Number(new URL(service.app.url).port), '127.0.0.1'));
  try {
    let connected = 0;
    for (const socket of crowd) socket.once('connect', () => (connected += 1)).on('error', () => undefined);
    await eventually(() => connected === CROWD);
  } finally {
    service.app.thaw();
    for (const socket of crowd) socket.destroy();
  }
});
