/** The history of a counter, as the API tells it. */
import pg from 'pg';
import type { CounterCalls } from './counter-calls.js';

export interface Point {
  readonly at: string;
  readonly delta: number;
  readonly value: number;
}

export async function pointsOf(calls: CounterCalls, name: string, query: string): Promise<Point[]> {
  const { status, text, body } = await calls.call<{ data: Point[] }>(
    'GET',
    `/v1/counters/${encodeURIComponent(name)}/history?${query}`,
  );
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body.data;
}

export function sumOf(points: readonly Point[]): number {
  return points.reduce((sum, { delta }) => sum + delta, 0);
}

/** Takes the present values into the hour that is running, which otherwise is made of minutes once they are over. */
export async function makeHours(databaseUrl: string): Promise<void> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  await database.query(
    `INSERT INTO history_hours (name, at, value, version, created_at)
     SELECT name, date_trunc('hour', now()), value, version, created_at FROM counters ON CONFLICT DO NOTHING`,
  );
  await database.end();
}
