/** Where operators ask for traces, one shows the way of a request: its batch, that batch's commit and its publish. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { type HttpAnswer, type HttpOptions, send } from '../support/http.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';
import { type ReceivedSpan, startTraceReceiver, type TraceReceiver } from '../support/trace-receiver.js';

const servers = withRedis();
let receiver: TraceReceiver;
let app: AppProcess;

beforeAll(async () => {
  receiver = await startTraceReceiver();
  app = await startAppProcess({
    databaseUrl: await createTestDatabase(),
    redisUrl: servers.redis.url,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      LOG_LEVEL: 'debug',
    },
  });
});

afterAll(async () => {
  await app.stop();
  receiver.stop();
});

/** A trace that a caller began, so that the test knows its id. */
const traceIdOf = (digit: string): string => digit.repeat(32);
const parent = (digit: string, flags = '01'): Record<string, string> => ({
  traceparent: `00-${traceIdOf(digit)}-${digit.repeat(16)}-${flags}`,
});

const pathOf = (name: string): string => `/v1/counters/${name}/increment`;

const increment = (name: string, headers: Record<string, string>): Promise<HttpAnswer> =>
  send(app.url, 'POST', pathOf(name), { headers });

/** Sends the body once the head was read, so that it is read in the context of its socket. */
async function incrementLater(name: string, own: Record<string, string>, body: string): Promise<number | undefined> {
  const headers = { ...own, expect: '100-continue', 'content-type': 'application/json', 'content-length': body.length };
  const asked = request(app.url + pathOf(name), { method: 'POST', headers });
  asked.once('continue', () => asked.end(body)).flushHeaders();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

async function spansOf(digit: string, names: readonly string[]): Promise<Map<string, ReceivedSpan>> {
  const found = (): Map<string, ReceivedSpan> =>
    new Map(receiver.spans.filter(({ traceId }) => traceId === traceIdOf(digit)).map((span) => [span.name, span]));
  await eventually(() => names.every((name) => found().has(name)));
  return found();
}

const REQUEST = 'POST /v1/counters/:name/increment';

it.each([
  ['without a body', 'a', async () => (await increment('counted', parent('a'))).status],
  ['whose body comes later', 'b', () => incrementLater('counted', parent('b'), '{"by":2}')],
])('an increment %s is a span in the trace of its caller, with its batch, commit and publish below', async (...of) => {
  const [, digit, send] = of;
  expect(await send()).toBe(200);
  const spans = await spansOf(digit, [REQUEST, 'batch', 'commit', 'publish']);
  const span = spans.get(REQUEST);
  expect(span?.parentId).toBe(digit.repeat(16));
  expect(span?.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/v1/counters/:name/increment',
    'http.response.status_code': '200',
    'url.path': '/v1/counters/counted/increment',
  });
  expect(span?.resource).toMatchObject({
    'service.name': 'evercount',
    'deployment.environment.name': 'test',
  });
  expect(spans.get('batch')?.parentId).toBe(span?.spanId);
  for (const name of ['commit', 'publish']) expect(spans.get(name)?.parentId).toBe(spans.get('batch')?.spanId);
});

it('a set is decided in a span of its own, and a job has one too', async () => {
  const set = { headers: parent('c'), json: { value: 5 } };
  expect((await send(app.url, 'PUT', '/v1/counters/set', set)).status).toBe(201);
  const spans = await spansOf('c', ['decisions', 'commit', 'publish']);
  expect(spans.get('commit')?.parentId).toBe(spans.get('decisions')?.spanId);
  await eventually(() => receiver.spans.some(({ name, parentId }) => name.startsWith('job ') && parentId === ''));
});

it('requests that share a batch are linked with it', async () => {
  const linked = (): boolean => {
    const batches = receiver.spans.filter(({ name, links }) => name === 'batch' && links.length > 0);
    return batches.some(({ spanId, links }) =>
      links.every((link) => receiver.spans.some((span) => span.spanId === link && span.links.includes(spanId))),
    );
  };
  await eventually(async () => {
    await Promise.all(Array.from({ length: 8 }, () => increment('shared', {})));
    return linked();
  });
});

it('what a caller does not sample is not sent, nor its batch', async () => {
  expect((await increment('unsampled', parent('d', '00'))).status).toBe(200);
  expect((await increment('sampled', parent('e'))).status).toBe(200);
  await spansOf('e', [REQUEST, 'batch', 'publish']);
  expect(receiver.spans.filter(({ traceId }) => traceId === traceIdOf('d'))).toEqual([]);
});

it('lines of the log carry the id of the trace, and probes have none', async () => {
  await increment('logged', parent('f'));
  await send(app.url, 'GET', '/livez');
  const line = (url: string) => app.log().find((one) => one['msg'] === 'request' && one['url'] === url);
  await eventually(() => line('/v1/counters/logged/increment') !== undefined && line('/livez') !== undefined);
  expect(line('/v1/counters/logged/increment')).toMatchObject({ trace_id: traceIdOf('f') });
  expect(line('/livez')).not.toHaveProperty('trace_id');
});

it('the times of requests name the last trace of each bucket, where OpenMetrics is asked for', async () => {
  const asked = { headers: { accept: 'application/openmetrics-text; version=1.0.0, text/plain; q=0.5' } };
  const pageOf = async (options?: HttpOptions) => (await send(app.url, 'GET', '/metrics', options)).body;
  await increment('exemplary', parent('1'));
  const exemplar = new RegExp(
    `^evercount_http_request_duration_seconds_bucket\\{.*le="[\\d.]+"\\} \\d+ # \\{trace_id="${traceIdOf('1')}"\\} [\\d.]+ [\\d.]+$`,
    'm',
  );
  const page = await pageOf(asked);
  expect(page).toMatch(exemplar);
  expect(page).toMatch(/\n# EOF\n$/);
  expect(page).not.toMatch(/\n\n/);
  expect(page).toMatch(/^# TYPE evercount_writes counter\nevercount_writes_total\{/m);
  expect(await pageOf()).not.toMatch(/trace_id|# EOF/);
});

it('a collector that hangs does not hold up the end', async () => {
  const hanging = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  const without = await startAppProcess({
    databaseUrl: await createTestDatabase(),
    redisUrl: servers.redis.url,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(hanging.address() as AddressInfo).port}` },
  });
  expect((await send(without.url, 'POST', pathOf('unseen'))).status).toBe(200);
  const { code } = await without.stop();
  hanging.close();
  expect([code, without.log().at(-1)?.msg]).toEqual([0, 'shut down']);
});
