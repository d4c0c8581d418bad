/** What a run leaves behind. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { JUDGED_CONNECTIONS } from '../contest.js';
import { chartName, chartOf } from './chart.js';
import { groups, markdownOf } from './markdown.js';
import type { Report } from './report.js';

const pathOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const LATEST = 'bench/results/latest.json';
const DOCS = 'docs/benchmarks.md';
const CHARTS = 'docs/benchmarks';

/** Writes all figures of this run, every round included; answers where. */
export function writeLatest(report: Report): string {
  mkdirSync(pathOf('bench/results'), { recursive: true });
  writeFileSync(pathOf(LATEST), `${JSON.stringify(report, null, 2)}\n`);
  return LATEST;
}

/** Writes docs/benchmarks.md, its charts, and the figures it was made from; answers where. */
export async function writeDocs(report: Report): Promise<string> {
  const notes = readFileSync(pathOf('bench/notes.md'), 'utf8');
  rmSync(pathOf(CHARTS), { recursive: true, force: true });
  mkdirSync(pathOf(CHARTS), { recursive: true });
  writeFileSync(pathOf(DOCS), await format(markdownOf(report, notes), { parser: 'markdown' }));
  writeFileSync(
    pathOf(`${CHARTS}/results.json`),
    await format(JSON.stringify(report), { parser: 'json', printWidth: 120 }),
  );
  for (const group of groups(report.contests)) {
    const charted = group.find(({ connections }) => connections === JUDGED_CONNECTIONS) ?? group[0];
    if (charted !== undefined) writeFileSync(pathOf(`${CHARTS}/${chartName(charted)}`), chartOf(charted));
  }
  return DOCS;
}
