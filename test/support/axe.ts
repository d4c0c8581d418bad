/** Can everyone use a page? Asked of axe, in the page itself. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What else axe looks at is the same in both looks. */
const OF_COLOURS = ['color-contrast'];

/** Fails where axe finds anything in what the page shows now, in its light or in its dark look; the look stays as it was. */
export async function expectNoFindings(page: Page): Promise<void> {
  const isDark = await page.evaluate<boolean>(`matchMedia('(prefers-color-scheme: dark)').matches`);
  const [look, other] = isDark ? (['dark', 'light'] as const) : (['light', 'dark'] as const);
  // Colours that are on their way from one to another are nobody's to judge.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const found = await findings(page);
  await page.emulateMedia({ colorScheme: other });
  const foundInOther = await findings(page, OF_COLOURS);
  await page.emulateMedia({ colorScheme: look });
  await page.emulateMedia({ reducedMotion: null });
  const width = page.viewportSize()?.width;
  expect({ width, [look]: found, [other]: foundInOther }).toEqual({ width, [look]: [], [other]: [] });
}

/** How bad, by which rule, and where. @param rules all of them, where none are told */
async function findings(page: Page, rules?: readonly string[]): Promise<unknown[]> {
  // Not as a script of the page, which its policy would refuse.
  if (await page.evaluate<boolean>(`typeof axe === 'undefined'`)) await page.evaluate(axe);
  const options = { resultTypes: ['violations'], ...(rules === undefined ? {} : { runOnly: rules }) };
  const { violations } = await page.evaluate<AxeResults>(`axe.run(${JSON.stringify(options)})`);
  return violations.map(({ id, impact, nodes }) => [impact, id, nodes.map(({ html }) => html)]);
}
