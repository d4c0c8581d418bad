/** More reads than Postgres is given wait, and then are refused; writes and keys feel nothing of it. */
import { Agent } from 'node:http';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { scrape } from '../support/scrape.js';
import { withServiceProcess } from '../support/service.js';

/** So few that any machine can ask for many times as many. */
const READS_PER_SECOND = 200;

/** What may be saved up while nobody asks, and what the statement may owe that begins last. */
const BESIDE = 2 * READS_PER_SECOND;

/** More than may wait at once. */
const READERS = 2 * READS_PER_SECOND;

const service = withServiceProcess({ env: { DATABASE_READS_PER_SECOND: String(READS_PER_SECOND) } });
const agent = new Agent({ keepAlive: true });

afterAll(() => agent.destroy());

interface Answered {
  readonly status: number;
  readonly code: string;
  readonly retryAfter: string | undefined;
}

async function read(name: string): Promise<Answered> {
  const { status, headers, body } = await send(service.app.url, 'GET', `/v1/counters/${name}`, { agent });
  const { code } = JSON.parse(body) as { readonly code: string };
  return { status, code, retryAfter: headers['retry-after'] };
}

it('while Redis is away, reads get no more of Postgres than they are given, and writes what they ask for', async () => {
  await service.calls.increment('written', 1, { key: 'a key' });
  await service.redis.kill();
  await eventually(async () => (await service.calls.increment('written')).status === 200);

  const answers: Answered[] = [];
  const of = (status: number): Answered[] => answers.filter((answer) => answer.status === status);
  const writes: number[] = [];
  let storm = true;
  const beganMs = performance.now();
  // No two ask for the same name, and none of them is there: each has to be looked for.
  const readers = Array.from({ length: READERS }, async (_, who) => {
    for (let turn = 0; storm; turn += 1) answers.push(await read(`${who}-${turn}`));
  });
  const writer = async (): Promise<void> => {
    while (storm) {
      const [plain, keyed] = await Promise.all([
        service.calls.increment('written'),
        service.calls.increment('written', 1, { key: 'a key' }),
      ]);
      writes.push(plain.status, keyed.status);
    }
  };
  const writing = writer();
  try {
    const { length: most } = readers;
    await eventually(() => of(503).length > most && of(404).length > 2 * READS_PER_SECOND && writes.length > 20);
  } finally {
    storm = false;
    await Promise.all([...readers, writing]);
  }
  const seconds = (performance.now() - beganMs) / 1_000;

  expect(of(404).length + of(503).length).toBe(answers.length);
  expect(of(404).length).toBeLessThanOrEqual(READS_PER_SECOND * seconds + BESIDE);
  for (const { code, retryAfter } of of(503)) expect([code, retryAfter]).toEqual(['unavailable', '1']);
  expect(new Set(writes)).toEqual(new Set([200]));
  const metrics = await scrape(service.app.url);
  const refused = metrics.get('evercount_postgres_reads_refused_total') ?? 0;
  // A few may have waited too long for something else.
  expect(refused).toBeLessThanOrEqual(of(503).length);
  expect(refused / of(503).length).toBeGreaterThan(0.9);
  expect(metrics.get('evercount_postgres_reads_limit')).toBe(READS_PER_SECOND);
});
