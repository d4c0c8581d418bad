/**
 * How the page looks: pictures of it are made small and held beside those in test/dashboard/pictures. Whoever changes the
 * looks makes them anew, looks at them, and keeps them with the change:
 *
 *     UPDATE_PICTURES=1 npm test -- dashboard-pictures
 *
 * So that they are the same on every machine and at any hour, the page has the font that it asks for first, its zone is one
 * in which it is noon, and what moments and speeds are told by is replaced or left out.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { WatchEvaluator } from '../../src/counters/watches/watch-evaluator.js';
import { startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { seedHours } from '../support/history.js';
import { send } from '../support/http.js';
import { ANEW, differenceFrom, keepPicture } from '../support/pictures.js';
import { withService } from '../support/service.js';
import { zoneWhereItIs } from '../support/zones.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const headers = { authorization: `Bearer ${ADMIN_KEY}` };
const font = readFileSync(
  createRequire(import.meta.url).resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'),
);

/**
 * Of the dots of a square. One run after another comes to 0. Without the style sheet of one view it is 0.23 or more (tree
 * and keys, of which only a heading and a margin are left out; others 0.33 to 1), with a grid that is a column 0.52, and
 * dark that stays light 1. Letters of another font come to 0.16 to 0.51: so the font is not the machine's.
 */
const MOST_UNLIKE = 0.15;

/** What the pictures were made by; another one may draw a little otherwise. */
const MADE_BY_CHROMIUM = '150';
const MOST_UNLIKE_BY_ANOTHER = 0.3;

/** What is still on its way when all is there, such as a chart in other colours. */
const LATE_MS = 20_000;

const HOUR_ENDS_WITHIN_MS = 130_000;

/** Times, speeds and what happened meanwhile. */
const STYLE = `
  pre, code { font-family: inherit; }
  select.zone, input { color: transparent; }
  select.zone { field-sizing: fixed; width: 14rem; }
  :is(.verdict, time, .facts dd, .strip dd, .watch-list .quiet, .keys td:nth-child(4)) { font-size: 0; }
  :is(.verdict, time, .facts dd, .strip dd, .watch-list .quiet, .keys td:nth-child(4))::after {
    content: '00 000'; font-size: 0.875rem;
  }
  .watch-list .quiet time { display: none; }
  .lane :is(polyline, line, b, b ~ .quiet), .edges { visibility: hidden; }
  .events { height: 8rem; }
  .events li, .panels .scroll { display: none; }
`;

/** Runs before the page does; its policy is about what it loads, and neither of these is loaded. */
const DRESS = `
  const bytes = Uint8Array.from(atob('${font.toString('base64')}'), (character) => character.charCodeAt(0));
  document.fonts.add(new FontFace('Inter', bytes, { weight: '100 900' }));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(${JSON.stringify(STYLE)});
  document.adoptedStyleSheets = [sheet];
`;

/** As high as shows most of each page. */
const SIZES = [
  { width: 1_280, height: 1_200 },
  { width: 400, height: 1_600 },
];
const LOOKS = ['light', 'dark'] as const;

/** By hour: two days, with more by day than by night; the last is the hour to come. */
const SHAPE = Array.from({ length: 50 }, (_, hour) => Math.round(120 + 80 * Math.sin((hour / 24) * 2 * Math.PI)));
const COUNTERS = {
  'page:/about': 0.2,
  'page:/home': 3,
  'page:/prices': 0.7,
  'shop:orders': 1,
  'shop:returns': 0.1,
  'shop:visits': 40,
  signups: 0.4,
  votes: 12,
};

let browser: Browser;
let signedIn: BrowserContext;
let stranger: BrowserContext;

const service = withService({
  inside: true,
  env: { AUTH: 'required', ADMIN_KEY },
  ending: async () => {
    await browser.close();
  },
});

const post = (path: string, json: object) => send(service.app.url, 'POST', path, { headers, json });

async function newContext(): Promise<BrowserContext> {
  const context = await browser.newContext({ timezoneId: zoneWhereItIs(12), reducedMotion: 'reduce' });
  await context.addInitScript(DRESS);
  return context;
}

beforeAll(async () => {
  // An hour that ends meanwhile would move all that is drawn by the hour.
  await eventually(() => new Date().getUTCMinutes() < 58, HOUR_ENDS_WITHIN_MS);
  for (const [name, times] of Object.entries(COUNTERS)) {
    const deltas = SHAPE.map((delta) => Math.round(times * delta));
    await seedHours(service.databaseUrl, name, deltas);
  }
  for (const [label, scopes, prefix] of [
    ['the shop', ['read', 'write'], 'shop:'],
    ['pages', ['increment'], 'page:'],
    ['backup', ['read'], ''],
  ] as const) {
    expect((await post('/v1/keys', { label, scopes, prefix })).status).toBe(201);
  }
  for (const watch of [
    { name: 'shop:orders', when: { above: 5 }, label: 'too many' },
    { prefix: 'page:', when: { silent: '2d' }, muted: true },
    { name: 'votes', when: { below: 1 }, label: 'none' },
  ]) {
    expect((await post('/v1/watches', watch)).status).toBe(201);
  }
  browser = await startBrowser();
  [signedIn, stranger] = [await newContext(), await newContext()];
  const answer = await signedIn.request.post(`${service.app.url}/v1/session`, { data: { key: ADMIN_KEY } });
  expect(answer.ok()).toBe(true);
  const evaluator = service.app.nest.get(WatchEvaluator, { strict: false });
  await eventually(async () => {
    await evaluator.runOnce();
    const { body } = await send(service.app.url, 'GET', '/v1/watches', { headers });
    return (JSON.parse(body) as { data: { state: string }[] }).data.every(({ state }) => state !== 'no_data');
  });
});
afterAll(() => {
  if (ANEW) console.info('The pictures were made anew, and nothing was compared.');
});

const ALL_WELL = { '.verdict[data-grade=well]': 1, '.strip dd': 3 };

/** What is there, and how often, when all of a page is. */
const PAGES: readonly (readonly [page: string, hash: string, there: Readonly<Record<string, number>>])[] = [
  ['overview', '#/', { ...ALL_WELL, '.card .spark .running': 8 }],
  ['counter', '#/counters/shop%3Aorders', { ...ALL_WELL, '.facts dd': 5, '.uplot canvas': 1, '.watch-list li': 1 }],
  ['tree', '#/tree', { ...ALL_WELL, '.tree tbody tr': 4 }],
  ['operations', '#/operations', { ...ALL_WELL, '.strip dd': 7, '.lane svg': 6, '.panels dd': 15 }],
  ['keys', '#/keys', { ...ALL_WELL, '.keys tbody tr': 3 }],
  ['watches', '#/watches', { ...ALL_WELL, '.watch-list li': 3, '[data-state=firing]': 1 }],
  ['audit', '#/audit?action=key.make', { ...ALL_WELL, '.audit tbody tr': 3 }],
  ['wall', '#/?wall=yes', { '.wall .spark .running': 8 }],
  ['sign-in', '#/', { ...ALL_WELL, '.sign-in button': 1 }],
];

it.each(PAGES)('the page "%s" looks as it did', async (name, hash, there) => {
  const page = await (name === 'sign-in' ? stranger : signedIn).newPage();
  await page.goto(`${service.app.url}/${hash}`);
  for (const [selector, count] of Object.entries(there)) {
    await eventually(async () => (await page.locator(selector).count()) === count);
  }
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of LOOKS) {
      await page.emulateMedia({ colorScheme });
      const picture = `${name}-${colorScheme}-${size.width}`;
      if (ANEW) keepPicture(picture, await settled(page));
      else await expectAsKept(page, picture);
    }
  }
  await page.close();
});

/** A picture after which nothing changes any more. */
async function settled(page: Page): Promise<Buffer> {
  let last = await page.screenshot();
  await eventually(async () => {
    const before = last;
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    last = await page.screenshot();
    return last.equals(before);
  });
  return last;
}

async function expectAsKept(page: Page, picture: string): Promise<void> {
  const most = browser.version().startsWith(`${MADE_BY_CHROMIUM}.`) ? MOST_UNLIKE : MOST_UNLIKE_BY_ANOTHER;
  let difference = differenceFrom(picture, await settled(page));
  const isAlike = async () => {
    if (difference.share > most) difference = differenceFrom(picture, await settled(page));
    return difference.share <= most;
  };
  await eventually(isAlike, LATE_MS).catch(() => {
    throw new Error(
      `${picture} is another picture than the one that is kept, in ${(100 * difference.share).toFixed()} % of a place: ` +
        `see ${difference.keep()}`,
    );
  });
}
