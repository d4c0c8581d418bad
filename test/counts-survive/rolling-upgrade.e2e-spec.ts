/** The version before and this one on the same servers, while instances are replaced by the one and the other, there and back. */
import { expect, it } from '@jest/globals';
import { buildEarlier, isInHistory } from '../support/earlier-version.js';
import { textReport } from '../torture/report.js';
import { isWrong, torture } from '../torture/torture.js';

/** What was released before what is in CHANGELOG.md under "Unreleased": moved on by whoever releases. */
const BEFORE = '38bec54f378e8ef01cc15eb26dabf6be187ce4dd';

const LASTS_MS = 10_000;

/** Each instance is replaced about once, by the other version. */
const REPLACED = 4;

/** A shallow clone has no version but this one. */
const where = isInHistory(BEFORE) ? it : it.skip;

where('two versions count together, forwards and back: nothing is lost, counted twice or stale', async () => {
  const before = await buildEarlier(BEFORE);
  const outcome = await torture({
    seed: 1,
    lastsMs: LASTS_MS,
    atLeast: REPLACED,
    kinds: ['instance ended', 'instance killed'],
    programs: [undefined, [before.main]],
    // The version before knows of no more.
    buckets: 1,
    say: () => undefined,
  }).finally(() => before.remove());
  expect(outcome.struck.length).toBeGreaterThanOrEqual(REPLACED);
  expect(outcome.verdict.checked).toBeGreaterThan(1_000);
  if (isWrong(outcome.verdict)) throw new Error(textReport(outcome));
});
