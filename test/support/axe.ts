/** Can everyone use a page? Asked of axe, in the page itself. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Colours that are on their way from one to another are nobody's to judge. */
const SETTLED = `Promise.allSettled(
  document.getAnimations().filter((each) => each instanceof CSSTransition).map(({ finished }) => finished),
)`;

/** What it found that is serious or worse: impact, rule, and where. */
export async function seriousFaults(page: Page): Promise<unknown[]> {
  // Not as a script of the page, which its policy would refuse.
  await page.evaluate(axe);
  await page.evaluate(SETTLED);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, nodes }) => [impact, id, nodes.map(({ html }) => html)]);
}
