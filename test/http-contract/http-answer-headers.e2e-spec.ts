/** What every answer tells a browser that should come by it. */
import { describe, expect, it } from '@jest/globals';
import { startBrowser } from '../support/chromium.js';
import { send, sendRaw } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService({ inside: true, env: { CORS_ORIGINS: 'https://pages.example.org' } });

const FRAMED_NOWHERE = /(^|; )frame-ancestors 'none'(;|$)/;

describe('nothing is taken for what it is not, nor shown in a frame:', () => {
  it('what each route answers', async () => {
    const routes = service.app.routes.list().filter((route) => !/ (\/v1\/stream|\*)$/.test(route));
    expect(routes.length).toBeGreaterThan(20);
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const { headers } = await send(service.app.url, method, path.replace(/:\w+/, 'a').replace('*', 'x'));
      expect([route, headers['x-content-type-options']]).toEqual([route, 'nosniff']);
      expect([route, headers['content-security-policy']]).toEqual([route, expect.stringMatching(FRAMED_NOWHERE)]);
    }
  });

  it.each([
    ['an unknown path', 'GET /nowhere HTTP/1.1\r\nHost: localhost\r\n'],
    ['a broken path', 'GET /v1/counters/%FF HTTP/1.1\r\nHost: localhost\r\n'],
    ['a wrong method', 'PATCH /v1/counters/a HTTP/1.1\r\nHost: localhost\r\n'],
    ['another host', 'GET / HTTP/1.1\r\nHost: example.org\r\n'],
    [
      'a preflight',
      'OPTIONS /v1/counters/a HTTP/1.1\r\nHost: localhost\r\nOrigin: https://pages.example.org\r\nAccess-Control-Request-Method: PUT\r\n',
    ],
    ['what is no HTTP', 'hello\r\n'],
    ['a stream', 'HEAD /v1/stream?name=a HTTP/1.1\r\nHost: localhost\r\n'],
  ])('%s', async (_what, head) => {
    const answer = await sendRaw(service.app.url, `${head}Connection: close\r\n\r\n`);
    expect(answer).toMatch(/^x-content-type-options: nosniff\r$/im);
    expect(answer).toMatch(/^content-security-policy: .*frame-ancestors 'none'.*\r$/im);
  });
});

describe('where other origins are allowed', () => {
  it('a path that is not there is still told from a method that is not taken', async () => {
    for (const method of ['GET', 'POST', 'OPTIONS', 'PROPFIND']) {
      const { status, body } = await send(service.app.url, method, '/nowhere');
      expect([method, status, (JSON.parse(body) as { code: unknown }).code]).toEqual([method, 404, 'not_found']);
    }
    const wrong = await send(service.app.url, 'PATCH', '/v1/counters/a');
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'DELETE, GET, HEAD, PUT']);
    const asked = await send(service.app.url, 'OPTIONS', '/v1/counters/a');
    expect([asked.status, asked.headers['content-type']]).toEqual([405, 'application/problem+json; charset=utf-8']);
  });
});

it('the page to try the interface works under its policy, and shows what is answered', async () => {
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    const refused: string[] = [];
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) refused.push(message.text());
    });
    await page.goto(`${service.app.url}/docs`);
    await page.locator('#operations-counters-incrementCounter').click();
    const operation = page.locator('#operations-counters-incrementCounter');
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.getByPlaceholder('name').fill('tried');
    await operation.getByRole('button', { name: 'Execute' }).click();
    await operation.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
    expect((await send(service.app.url, 'GET', '/v1/counters/tried')).status).toBe(200);
    expect(refused).toEqual([]);
  } finally {
    await browser.close();
  }
});
