import { htmlReport } from './page.js';
import { jsonReport, textReport } from './report.js';
import type { Outcome } from './torture.js';

const clean: Outcome = {
  seed: 7,
  beganAt: '2026-01-01T00:00:00.000Z',
  lastedMs: 60_000,
  instances: 3,
  buckets: 4,
  verdict: {
    checked: 1_234,
    lost: 0,
    doubled: 0,
    stale: 0,
    worstStaleVersions: 0,
    worstStaleMs: 0,
    wrong: 0,
    unverifiedReads: 0,
    worstUnverifiedMs: 0,
    violations: [],
  },
  edges: {
    edges: 10,
    acknowledged: 54_321,
    unknown: 12,
    deliveries: 1_234,
    items: 20_000,
    cuts: 400,
    kills: 80,
    cutShare: 0.902,
    lost: 0,
    doubled: 0,
    violations: [],
  },
  breaches: [],
  struck: [
    {
      fromMs: 100,
      healedMs: 400,
      recoveredMs: 900,
      faults: [{ kind: 'Redis frozen', target: 'redis', detail: '0.30 s', fromMs: 100, toMs: 400 }],
      recovery: { writesMs: 200, hitsMs: 500 },
      reads: { answered: 90, failed: 10 },
      writes: { answered: 50, failed: 0 },
      withoutWritesMs: 250,
    },
  ],
  failures: new Map([['read: unavailable', 10]]),
  timeline: [
    {
      reads: 100,
      hits: 80,
      unverified: 5,
      writes: 50,
      failedReads: 10,
      failedWrites: 0,
      readP50Ms: 1,
      readP99Ms: 9,
      writeP50Ms: null,
      writeP99Ms: null,
    },
  ],
  logs: [],
  passed: true,
};

const stale: Outcome = {
  ...clean,
  passed: false,
  verdict: { ...clean.verdict, stale: 1, violations: ['stale: "<b>" was read'] },
};

describe('the reports', () => {
  it('tell the verdict, the seed, and how long each kind of fault took to recover', () => {
    expect(textReport(clean)).toMatch(
      /PASSED {3}seed 7[^]* 3 instances, 4 buckets\n[^]*Redis frozen +1 +200 ms +500 ms +500 ms +250 ms +250 ms +10\.0 % +0\.0 %/,
    );
    expect(textReport(stale)).toMatch(/FAILED[^]*stale +1[^]*Violations\n {2}stale: "<b>" was read/);
    const edges =
      '10, cut off 90 % of the time (400 cuts, 80 kills): 54,321 increments acknowledged and 12 unknown, ' +
      '1,234 deliveries of 20,000 items; 0 lost, 0 doubled';
    expect(textReport(clean)).toContain(`\nedges               ${edges}\n`);
    expect(htmlReport(clean)).toContain(`<p>Edges: ${edges}.</p>`);
    expect(textReport({ ...clean, edges: null })).not.toContain('edges');
    expect(JSON.parse(jsonReport(clean))).toMatchObject({ passed: true, seed: 7, faults: { 'Redis frozen': 1 } });
  });

  it('come as one page that loads nothing and runs nothing', () => {
    const page = htmlReport(stale);
    expect(page).toContain('Redis frozen: 0.30 s. 0.30 s, recovered 0.50 s after.');
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src=|href=|<script|@import|url\(/);
    expect(page).not.toContain('"<b>"');
  });
});
