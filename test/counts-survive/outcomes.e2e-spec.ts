/** What a client is told when Postgres interrupts a write is what became of it; the same key settles the rest. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Reply } from '../support/counter-calls.js';
import { eventually, promptly } from '../support/eventually.js';
import { command, connectRaw } from '../support/resp.js';
import { withServiceProcess } from '../support/service.js';

const service = withServiceProcess({ ownPostgres: true, env: { RESP_PORT: '0', RESP_FLUSH: 'delete' } });

const codeOf = ({ status, body }: Reply): string => (status < 300 ? 'ok' : (body as unknown as { code: string }).code);

/** Works on a connection of its own, in a transaction that is rolled back. */
const beside = async (work: (client: pg.Client) => Promise<void>): Promise<void> => {
  const client = new pg.Client({ connectionString: service.postgres.url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await work(client);
    await client.query('ROLLBACK');
  } finally {
    await client.end();
  }
};

const holdRow = (client: pg.Client, name: string): Promise<unknown> =>
  client.query('SELECT FROM counters WHERE name = $1 FOR UPDATE', [name]);

const untilWaiting = (client: pg.Client): Promise<void> =>
  eventually(async () => {
    const { rows } = await client.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
    return rows.length > 0;
  });

const writes: readonly [string, (name: string, key: string) => Promise<Reply>][] = [
  ['an increment', (name, key) => service.calls.increment(name, 1, { key })],
  ['a set', (name, key) => service.calls.set(name, { value: 2 }, { key })],
];

describe.each(writes)('%s', (what, write) => {
  it('that waits for a row too long is unavailable, and was not written', async () => {
    const name = `held, ${what}`;
    await service.calls.increment(name);
    await beside(async (client) => {
      await holdRow(client, name);
      const refused = await write(name, randomUUID());
      expect(['unavailable', 'in_progress']).toContain(codeOf(refused));
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    });
    expect((await service.calls.read(name, '?consistency=strong')).body).toMatchObject({ value: 1, version: 1 });
  });

  it.each(['pg_cancel_backend', 'pg_terminate_backend'])(
    'under %s is written once, or says that it was not',
    async (end) => {
      const [name, key] = [`${end}, ${what}`, randomUUID()];
      await service.calls.increment(name);
      let answering: Promise<Reply> | undefined;
      await beside(async (client) => {
        await holdRow(client, name);
        answering = write(name, key);
        await untilWaiting(client);
        await client.query(`SELECT ${end}(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
      });
      const answer = await answering;
      expect(['ok', 'unavailable', 'in_progress', 'outcome_unknown']).toContain(answer && codeOf(answer));
      await eventually(async () => (await write(name, key)).status === 200);
      expect((await service.calls.read(name, '?consistency=strong')).body).toMatchObject({ value: 2, version: 2 });
    },
  );
});

it('a write whose answer Postgres does not give in time is outcome_unknown, and its key settles it', async () => {
  const [name, key] = ['frozen', randomUUID()];
  await service.calls.increment(name);
  let answering: Promise<Reply> | undefined;
  await beside(async (client) => {
    await holdRow(client, name);
    answering = service.calls.increment(name, 1, { key });
    await untilWaiting(client);
    await service.postgres.freeze();
    // Sent, and not answered: nobody can know.
    expect(codeOf(await answering)).toBe('outcome_unknown');
    await service.postgres.thaw();
  });
  let settled: Reply | undefined;
  await eventually(async () => (settled = await service.calls.increment(name, 1, { key })).status === 200);
  expect(settled?.body).toMatchObject({ value: 2, version: 2 });
  expect((await service.calls.read(name, '?consistency=strong')).body).toMatchObject({ value: 2, version: 2 });
});

it('writes that meet a Postgres that hangs are 503 within 3 s, the first ones and those that come later', async () => {
  const name = 'hung';
  await service.calls.increment(name);
  await service.postgres.freeze();
  // In turn they find a statement that hangs, a connection that cannot be made, and a queue in front of them.
  for (let turn = 0; turn < 3; turn += 1) {
    const answers = await promptly(3_000, () =>
      Promise.all([
        service.calls.increment(name),
        service.calls.set(name, { value: 5 }),
        service.calls.increment(name),
      ]),
    );
    for (const answer of answers) {
      expect(['unavailable', 'outcome_unknown']).toContain(codeOf(answer));
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
  }
  await service.postgres.thaw();
  await eventually(async () => (await service.calls.increment(name)).status === 200);
});

it('what is refused while Postgres is down was not written, and the same key writes it once it is back', async () => {
  const [name, key] = ['down', randomUUID()];
  await service.calls.increment(name);
  await service.postgres.kill();
  // Before that a session may be there still, and what is sent over it be lost on the way.
  await eventually(async () => (await service.calls.call('GET', '/readyz')).status === 503);
  expect(codeOf(await service.calls.increment(name, 1, { key }))).toBe('unavailable');
  await service.postgres.restart();
  await eventually(async () => (await service.calls.increment(name, 1, { key })).status === 200);
  expect((await service.calls.read(name, '?consistency=strong')).body).toMatchObject({ value: 2, version: 2 });
});

it('several deletions of which one waits too long: DEL has done none of them, and FLUSHALL does not say so', async () => {
  const names = ['deleted:1', 'deleted:2', 'deleted:3'];
  for (const name of names) await service.calls.increment(name);
  const raw = await connectRaw(service.app.respPort);
  await beside(async (client) => {
    await holdRow(client, 'deleted:2');
    expect(await raw.ask(command('del', ...names), '\r\n')).toMatch(/^-UNAVAILABLE nothing was written; /);
    expect(await raw.ask(command('exists', ...names), '\r\n')).toBe(':3\r\n');
    const flushed = await raw.ask(command('flushall'), '\r\n');
    const left = await raw.ask(command('exists', ...names), '\r\n');
    expect(flushed).toMatch(left === ':3\r\n' ? /^-(UNAVAILABLE|OUTCOMEUNKNOWN) / : /^-OUTCOMEUNKNOWN /);
  });
  raw.close();
});
