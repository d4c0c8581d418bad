/** The history of a counter, as the API tells it. */
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
