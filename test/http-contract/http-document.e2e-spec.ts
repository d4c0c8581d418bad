import { expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { ruleOf } from '../../src/web/gate/route-rules.js';
import { withService } from '../support/service.js';
import { send } from '../support/http.js';

const service = withService({ inside: true });

type Json = Record<string, unknown>;

const documentOf = async () => JSON.parse((await send(service.app.url, 'GET', '/openapi.json')).body) as Json;

/** The document, its page and the dashboard are not described in it. */
const isOfAPage = (route: string) => / \/(docs\b|openapi\.json\b|assets\b|$)/.test(route);

it('the document has every route, and no other', async () => {
  const { paths } = (await documentOf()) as { paths: Record<string, Json> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  const routes = service.app.routes.list().filter((route) => !route.startsWith('HEAD ') && !isOfAPage(route));
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

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly 'x-scopes'?: readonly string[];
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: Record<string, Json> }>>;
  readonly requestBody?: { readonly content: Record<string, Json> };
}

it('each operation says what it does, which scope it needs, how it can be refused, and shows an example', async () => {
  const { paths, components, info } = (await documentOf()) as {
    paths: Record<string, Record<string, Operation>>;
    components: { securitySchemes: Json };
    info: { version: string };
  };
  expect(info.version).toBe((JSON.parse(await readFile('package.json', 'utf8')) as { version: string }).version);
  expect(components.securitySchemes).toMatchObject({ apiKey: { type: 'http', scheme: 'bearer' } });
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const route = `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`;
      const rule = ruleOf(...(route.split(' ') as [string, string]))?.rule ?? null;
      expect([route, operation.security]).toEqual([route, rule === null ? [] : [{ apiKey: [] }]]);
      expect([route, operation['x-scopes'] ?? []]).toEqual([route, rule?.scopes ?? []]);
      expect([route, operation.summary, operation.description]).not.toContain(undefined);
      const statuses = Object.keys(operation.responses);
      expect([route, statuses]).toEqual([route, expect.arrayContaining(['400', '500', '503'])]);
      expect([route, statuses.filter((status) => !/^\d{3}$/.test(status))]).toEqual([route, []]);
      if (rule !== null) expect([route, statuses]).toEqual([route, expect.arrayContaining(['401', '403', '429'])]);
      const shown = [operation.requestBody, ...Object.values(operation.responses)].flatMap((part) =>
        Object.values(part?.content ?? {}),
      );
      expect([route, shown.filter((part) => !('example' in part))]).toEqual([route, []]);
    }
  }
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
            ttlMs: { type: 'integer', minimum: 1, maximum: 315_360_000_000, description: expect.any(String) },
            expiresAt: {
              anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }],
              description: expect.any(String),
            },
            expiry: {
              type: 'string',
              enum: ['always', 'ifNone'],
              default: 'always',
              description: expect.any(String),
            },
          },
          additionalProperties: false,
        },
        example: { by: 5 },
      },
    },
  });
  expect(JSON.stringify(schemaOf('/v1/increments', 'post'))).toContain('"maxItems":1000');
});

it('the page to try it has all of its parts in the package, and asks nobody else', async () => {
  const page = await send(service.app.url, 'GET', '/docs');
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html']);
  const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part = '']) => part);
  expect(parts.length).toBeGreaterThan(3);
  for (const part of parts) {
    expect(part).toMatch(/^\.\/docs\//);
    expect([part, (await send(service.app.url, 'GET', part.slice(1))).status]).toEqual([part, 200]);
  }
  const { body: script } = await send(service.app.url, 'GET', '/docs/swagger-ui-init.js');
  expect(script).toContain('"validatorUrl": null');
  expect(script).not.toMatch(/https?:\/\/(?!www\.w3\.org|json-schema\.org|(?:blog\.)?example\.org)/);
});
