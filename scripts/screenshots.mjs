/** Makes docs/screenshots from a demo that runs: node scripts/screenshots.mjs [url] */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ROOT, say } from './setup.mjs';

const [url = 'http://127.0.0.1:3000'] = process.argv.slice(2);
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

const SHOTS = [
  { name: 'overview', path: '/', colorScheme: 'light', ready: '.sparkline, svg' },
  { name: 'counter', path: '/#/counters/page%3A%2Fhome', colorScheme: 'dark', ready: 'canvas' },
];

const folder = join(ROOT, 'docs', 'screenshots');
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath, args });
try {
  for (const { name, path, colorScheme, ready } of SHOTS) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme });
    await page.goto(`${url}${path}`);
    await page.waitForSelector(ready);
    await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => undefined);
    const file = join(folder, `${name}.png`);
    await page.screenshot({ path: file });
    say(file);
    await page.close();
  }
} finally {
  await browser.close();
}
