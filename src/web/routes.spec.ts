import { expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { Routes } from './routes.js';

const routes = new Routes();
routes.add('/v1/counters/:name', ['GET', 'HEAD']);
routes.add('/v1/counters/:name', 'PUT');
routes.add('/v1/counters/:name/increment', 'POST');
routes.add('/openapi.json', 'GET');
routes.add('/docs/*', 'GET');
routes.add('*', 'OPTIONS');

const problemOf = (url: string) => {
  const { code, parts } = routes.problemOf({ raw: { url } } as FastifyRequest);
  return [code, parts.allow];
};

it('a known path names its methods', () => {
  for (const url of ['/v1/counters/a', '/v1/counters/%2F?x=1', '/v1/counters/a.b']) {
    expect(problemOf(url)).toEqual(['method_not_allowed', 'GET, HEAD, PUT']);
  }
  expect(problemOf('/v1/counters/a/increment')).toEqual(['method_not_allowed', 'POST']);
  expect(problemOf('/docs/a/b')).toEqual(['method_not_allowed', 'GET']);
});

it('any other path is not found', () => {
  for (const url of ['/', '/v1/counters/', '/v1/counters/a/', '/x/v1/counters/a', '/openapixjson', '//v1/counters/a']) {
    expect(problemOf(url)).toEqual(['not_found', undefined]);
  }
});

it('where a slash in a name may be meant, it is told how to write it', () => {
  const told = (url: string) => routes.problemOf({ raw: { url } } as FastifyRequest).message.includes('%2F');
  for (const url of ['/v1/counters/page/home', '/v1/counters/page/home/increment?x', '/base/v1/counters/a/b']) {
    expect(told(url)).toBe(true);
  }
  for (const url of ['/v1/counter', '/v1/counters/', '/v1/counters/a/', '/v1/nothing/a/b'])
    expect(told(url)).toBe(false);
});

it('the list has each method of each path', () => {
  expect(routes.list()).toContain('PUT /v1/counters/:name');
  expect(routes.list()).toHaveLength(7);
});
