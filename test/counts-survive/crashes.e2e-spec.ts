/** Clients that lose their connection and try again by key, while Postgres is killed every second: each key counts once. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { heldFetch } from '../support/held-fetch.js';
import { withServiceProcess } from '../support/service.js';

/** So few that most connections which are made anew come to an answer. */
const CLIENTS = 40;
const KILL_EVERY_MS = 1_000;
/** The storm is over after so many, however long a busy machine takes for them. */
const KILLS = 10;
/** Some connections are dropped before the answer. */
const LONGEST_PATIENCE_MS = 250;

const service = withServiceProcess({ ownPostgres: true, two: true });

/** One try, which is dropped when patience ends; null: no answer. */
const attempt = async (
  url: string,
  name: string,
  key: string,
  patienceMs: number,
): Promise<{ status: number; value: number } | null> => {
  try {
    const response = await heldFetch(`${url}/v1/counters/${name}/increment`, {
      method: 'POST',
      headers: { 'idempotency-key': key },
      signal: AbortSignal.timeout(patienceMs),
    });
    return { status: response.status, ...((await response.json()) as { value: number }) };
  } catch {
    return null;
  }
};

it('counts each key once, and the value is the number of keys', async () => {
  const values: number[] = [];
  const statuses = new Set<number>();
  let dropped = 0;
  let storm = true;
  // After the storm no client gives up before it knows.
  const patienceMs = () => (storm ? Math.ceil(Math.random() * LONGEST_PATIENCE_MS) : 10_000);

  const client = async (index: number): Promise<void> => {
    while (storm) {
      const key = randomUUID();
      for (let turn = index; ; turn += 1) {
        const { url } = turn % 2 === 0 ? service.app : service.other;
        const answer = await attempt(url, 'stormy', key, patienceMs());
        if (answer === null) dropped += 1;
        else statuses.add(answer.status);
        if (answer?.status === 200) {
          values.push(answer.value);
          break;
        }
        await sleep(Math.random() * 50);
      }
    }
  };
  const killer = async (): Promise<void> => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      await sleep(KILL_EVERY_MS);
      await service.postgres.kill();
      await service.postgres.restart();
    }
    storm = false;
  };

  await Promise.all([killer(), ...Array.from({ length: CLIENTS }, (_, index) => client(index))]);
  // The sessions that read were killed as well, and are made anew.
  const read = () => service.calls.read('stormy', '?consistency=strong');
  await eventually(async () => (await read()).status === 200);
  const { body } = await read();
  expect([...statuses].filter((status) => ![200, 409, 503].includes(status))).toEqual([]);
  expect(values.length).toBeGreaterThan(2 * CLIENTS);
  expect(dropped).toBeGreaterThan(CLIENTS);
  expect(new Set(values).size).toBe(values.length);
  expect([body.value, body.version]).toEqual([values.length, values.length]);
});
