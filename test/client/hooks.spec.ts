import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Evercount, type Attempt, type EvercountOptions } from '../../client/src/evercount.js';
import { FaultyService } from './faulty-service.js';

const QUICK = { retry: { firstWaitMs: 5, longestWaitMs: 20 }, gatherMs: 0 };

let service: FaultyService;
beforeEach(async () => {
  service = await FaultyService.start();
});
afterEach(() => service.stop());

const clientOf = (options: Partial<EvercountOptions>) => new Evercount({ url: service.url, ...QUICK, ...options });

it('asks for headers before each try, and sends them beside its own', async () => {
  service.fault = ({ seen }) => (seen === 0 ? { kind: 'answer', status: 503, code: 'unavailable' } : null);
  let traces = 0;
  await clientOf({ apiKey: 'ec_a', headers: () => ({ traceparent: `t-${(traces += 1)}` }) }).increment('a');
  expect(service.visits.map(({ headers }) => headers['traceparent'])).toEqual(['t-1', 't-2']);
  expect(service.visits[1]?.headers['authorization']).toBe('Bearer ec_a');
  await clientOf({ headers: { 'x-tenant': '7' } }).increment('a');
  expect(service.visits[2]?.headers['x-tenant']).toBe('7');
});

it('tells of each try what came of it', async () => {
  service.fault = ({ seen }) =>
    seen === 0
      ? { kind: 'drop', committed: true }
      : seen === 1
        ? { kind: 'answer', status: 503, code: 'unavailable' }
        : null;
  const told: Attempt[] = [];
  await clientOf({ onTry: (attempt) => told.push(attempt) }).increment('a');
  expect(told).toMatchObject([
    { method: 'POST', path: '/v1/counters/a/increment', status: null, error: { code: 'unreachable' } },
    { status: 503, error: { code: 'unavailable' } },
    { status: 200, error: null },
  ]);
  expect(told.every(({ tookMs }) => tookMs > 0)).toBe(true);
});

it('sends by the fetch it is given', async () => {
  const sent: string[] = [];
  await clientOf({
    fetch: (input, init) => {
      sent.push(`${init?.method ?? ''} ${input instanceof Request ? input.url : input.toString()}`);
      return fetch(input, init);
    },
  }).increment('a/b');
  expect(sent).toEqual([`POST ${service.url}/v1/counters/a%2Fb/increment`]);
});
