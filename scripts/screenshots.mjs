/**
 * Takes pictures of a demo that runs, of each page in each look: node scripts/screenshots.mjs [url] [folder]
 * Without a folder only those that the documentation shows are made, in docs/screenshots.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ROOT, say } from './setup.mjs';

const [url = 'http://127.0.0.1:3000', folder = null] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Without the last five, Chromium calls home; as root it has no sandbox. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const PAGES = [
  { page: 'overview', path: '/', ready: '.card .spark polyline' },
  { page: 'counter', path: '/#/counters/page%3A%2Fhome?range=7d', ready: 'canvas' },
  { page: 'watches', path: '/#/watches', ready: '.watch-list li' },
  { page: 'audit', path: '/#/audit', ready: '.audit tbody tr' },
  { page: 'operations', path: '/#/operations', ready: '.panels table' },
];

/** Wide, and as a phone shows it: at twice the dots. */
const SIZES = [
  { size: 'wide', viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
  { size: 'phone', viewport: { width: 400, height: 800 }, deviceScaleFactor: 2 },
];

/** What the documentation shows. */
const SHOWN = ['overview-light-wide', 'counter-dark-wide', 'operations-light-wide', 'overview-dark-phone'];

const target = folder ?? join(ROOT, 'docs', 'screenshots');
mkdirSync(target, { recursive: true });
const browser = await chromium.launch({ executablePath, args });
try {
  for (const { page, path, ready } of PAGES) {
    for (const colorScheme of ['light', 'dark']) {
      for (const { size, viewport, deviceScaleFactor } of SIZES) {
        const name = `${page}-${colorScheme}-${size}`;
        if (folder === null && !SHOWN.includes(name)) continue;
        const tab = await browser.newPage({ viewport, deviceScaleFactor, colorScheme });
        await tab.goto(`${url}${path}`);
        await tab.waitForSelector(ready);
        await tab.waitForSelector('.verdict[data-grade=well]');
        // Shapes and histories are asked for one after the other; streams never come to rest.
        await tab.waitForTimeout(1_500);
        const file = join(target, `${name}.png`);
        await tab.screenshot({ path: file });
        say(file);
        await tab.close();
      }
    }
  }
} finally {
  await browser.close();
}
