import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/http.js';
import { startRedis, type TestRedis } from '../support/servers.js';
import { createTestDatabase } from '../support/shared-postgres.js';

let redis: TestRedis;
let app: TestApp;

beforeAll(async () => {
  redis = await startRedis();
  app = await startApp({ databaseUrl: await createTestDatabase(), redisUrl: redis.url });
});
afterAll(async () => {
  await app.stop();
  await redis.stop();
});

type Json = Record<string, unknown>;

const documentOf = async () => JSON.parse((await send(app.url, 'GET', '/openapi.json')).body) as Json;

/** The document, its page and the dashboard are not described in it. */
const isOfAPage = (route: string) => / \/(docs\b|openapi\.json\b|assets\b|$)/.test(route);

it('the document has every route, and no other', async () => {
  const { paths } = (await documentOf()) as { paths: Record<string, Json> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  const routes = app.routes.list().filter((route) => !route.startsWith('HEAD ') && !isOfAPage(route));
  expect(described.sort()).toEqual(routes);
});

it('the document is OpenAPI 3.1, each operation has a name of its own, and each reference leads somewhere', async () => {
  const document = await documentOf();
  expect(document['openapi']).toBe('3.1.0');
  const ids: unknown[] = [];
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    if ('operationId' in part) ids.push(part.operationId);
    if ('$ref' in part) {
      const steps = String(part.$ref).replace(/^#\//, '').split('/');
      expect([part.$ref, steps.reduce<unknown>((at, step) => (at as Json)[step], document)]).not.toContain(undefined);
    }
    for (const inner of Object.values(part)) visit(inner);
  };
  visit(document);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(10);
});

it('the document describes the bodies that are taken, with their limits', async () => {
  const { paths } = (await documentOf()) as { paths: Record<string, Record<string, { requestBody: unknown }>> };
  const schemaOf = (path: string, method: string) => paths[path]?.[method]?.requestBody;
  expect(schemaOf('/v1/counters/{name}/increment', 'post')).toEqual({
    required: false,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            by: {
              type: 'integer',
              minimum: -9007199254740991,
              maximum: 9007199254740991,
              not: { const: 0 },
              default: 1,
              description: expect.any(String),
            },
          },
          additionalProperties: false,
        },
      },
    },
  });
  expect(JSON.stringify(schemaOf('/v1/increments', 'post'))).toContain('"maxItems":1000');
});

it('the page to try it has all of its parts in the package, and asks nobody else', async () => {
  const page = await send(app.url, 'GET', '/docs');
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html']);
  const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part = '']) => part);
  expect(parts.length).toBeGreaterThan(3);
  for (const part of parts) {
    expect(part).toMatch(/^\.\/docs\//);
    expect([part, (await send(app.url, 'GET', part.slice(1))).status]).toEqual([part, 200]);
  }
  const { body: script } = await send(app.url, 'GET', '/docs/swagger-ui-init.js');
  expect(script).toContain('"validatorUrl": null');
  expect(script).not.toMatch(/https?:\/\/(?!www\.w3\.org|json-schema\.org)/);
});
