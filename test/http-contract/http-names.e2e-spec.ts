import { expect, it } from '@jest/globals';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService();

const NAMES = [
  'a/b',
  '/',
  '%',
  '%2F',
  '%FF',
  '100%',
  "o'hara",
  '"quoted"',
  'back\\slash',
  '; DROP TABLE counters; --',
  '$1',
  '__proto__',
  'constructor',
  'toString',
  '...',
  ' ',
  ' a ',
  'a+b',
  'a b',
  'a?b=c&d#e',
  ':name',
  '*',
  'increment',
  'a\u200bb',
  'é',
  'e\u0301',
  '😀',
  '\uffff',
  '<img src=x onerror=alert(1)>',
  '{"json":true}',
  'null',
  '0',
  'a'.repeat(255),
  '/'.repeat(255),
  'é'.repeat(127),
  '😀'.repeat(63) + 'abc',
];

it.each(NAMES)('the name %j is one counter of its own, in every call', async (name) => {
  const path = `/v1/counters/${encodeURIComponent(name)}`;
  const json = (value: unknown) => ({ json: value });
  const parsed = async (method: string, target: string, options?: { json: unknown }) => {
    const answer = await send(service.app.url, method, target, options);
    expect([target, answer.status]).toEqual([target, 200]);
    return JSON.parse(answer.body) as Record<string, unknown>;
  };
  expect(await parsed('POST', `${path}/increment`, json({ by: 3 }))).toMatchObject({ name, value: 3, version: 1 });
  expect(await parsed('POST', `${path}/decrement`)).toMatchObject({ name, value: 2, version: 2 });
  expect(await parsed('PUT', path, json({ value: 7 }))).toMatchObject({ name, value: 7, version: 3 });
  expect(await parsed('POST', `${path}/reset`, json({ to: 1 }))).toMatchObject({ name, value: 1, previous: 7 });
  expect(await parsed('GET', path)).toMatchObject({ name, value: 1, version: 4 });
  expect(await parsed('GET', `${path}?consistency=strong`)).toMatchObject({ name, value: 1, version: 4 });
  expect(await parsed('POST', '/v1/reads', json({ names: [name] }))).toMatchObject({ data: [{ name, value: 1 }] });
  expect(await parsed('POST', '/v1/increments', json({ increments: [{ name }] }))).toMatchObject({
    results: [{ status: 200, counter: { name, value: 2, version: 5 } }],
  });
  const { data } = await parsed('GET', `/v1/counters?prefix=${encodeURIComponent(name)}`);
  expect((data as { name: string }[])[0]).toMatchObject({ name, value: 2 });
  expect((await send(service.app.url, 'DELETE', path)).status).toBe(204);
  expect((await send(service.app.url, 'GET', path)).status).toBe(404);
});

it('one list holds them all, each once', async () => {
  for (const name of NAMES) await send(service.app.url, 'POST', `/v1/counters/${encodeURIComponent(name)}/increment`);
  const { body } = await send(service.app.url, 'GET', '/v1/counters?limit=1000');
  const found = (JSON.parse(body) as { data: { name: string }[] }).data.map(({ name }) => name);
  expect(found).toEqual([...NAMES].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
});
