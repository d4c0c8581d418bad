/** The hook, on a page of another origin in a real browser. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../support/chromium.js';
import { withService } from '../support/service.js';

const CLIENT_FOLDER = fileURLToPath(new URL('../../client/src', import.meta.url));

/** Shows a, b and nothing; b leaves the page when it is told to. */
const page = (url: string): string => `
  import { createElement, useState } from 'react';
  import { createRoot } from 'react-dom/client';
  import { Evercount } from './evercount.js';
  import { useCounter } from './react.js';

  const client = new Evercount({ url: ${JSON.stringify(url)} });
  function Shown({ name }) {
    const { counter, feed, error } = useCounter(client, name);
    const value = counter === undefined ? '?' : counter === null ? 'none' : counter.value;
    return createElement('p', { id: name || 'refused' }, error === null ? value + ' ' + feed : error.code);
  }
  function Page() {
    const [names, setNames] = useState(['a', 'b', 'nothing']);
    globalThis.show = setNames;
    return names.map((name) => createElement(Shown, { key: name, name }));
  }
  createRoot(document.body).render(createElement(Page));
`;

const pages = createServer((request, response) => {
  const isScript = request.url === '/page.js';
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
  response.end(isScript ? script : '<!doctype html><body><script type="module" src="/page.js"></script>');
});
const service = withService({
  env: async () => {
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    return { CORS_ORIGINS: origin };
  },
  ending: async () => {
    await browser.close();
    pages.close();
  },
});
let browser: Browser;
let script = '';
let origin: string;
beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: page(service.app.url), resolveDir: CLIENT_FOLDER },
    bundle: true,
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
  script = outputFiles[0]?.text ?? '';
  browser = await startBrowser();
});

it('shows counters as they change, all of them over one stream', async () => {
  const { calls } = service;
  await calls.increment('a', 4);
  await calls.increment('b', 7);
  const tab = await browser.newPage();
  const streams: string[] = [];
  tab.on('request', (request) => {
    if (request.url().includes('/v1/stream')) streams.push(new URL(request.url()).search);
  });
  await tab.goto(origin);
  const shows = (id: string, text: string) => tab.locator(`#${id}`, { hasText: text }).waitFor();
  await shows('a', '4 live');
  await shows('b', '7 live');
  await shows('nothing', 'none live');
  await calls.increment('a');
  await shows('a', '5 live');
  await calls.increment('nothing', 2);
  await shows('nothing', '2 live');
  expect(streams).toEqual(['?name=a&name=b&name=nothing']);

  await tab.evaluate("show(['a', 'c'])");
  await shows('c', 'none live');
  await shows('a', '5 live');
  expect(streams.slice(1)).toEqual(['?name=a&name=c']);

  await tab.evaluate("show(['a', ''])");
  await shows('refused', 'invalid_request');
});
