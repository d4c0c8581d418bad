/** The report as one page that needs nothing else: the verdict, the picture, the faults. */
import { bucketsText, edgesText, type KindReport, kindReports } from './report.js';
import { escaped, timelineSvg } from './timeline.js';
import type { Outcome } from './torture.js';

const count = (number: number): string => number.toLocaleString('en-US');
const ms = (time: number | null): string => (time === null ? 'never' : `${count(Math.round(time))} ms`);
const share = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);

export function htmlReport(outcome: Outcome): string {
  const { passed, seed, lastedMs, verdict, breaches, struck, timeline } = outcome;
  const faults = struck.reduce((sum, episode) => sum + episode.faults.length, 0);
  const cards = [
    card('operations checked', verdict.checked, 'plain'),
    card('faults', faults, 'plain'),
    ...(['lost', 'doubled', 'stale', 'wrong'] as const).map((kind) => card(kind, verdict[kind], 'none')),
    card('breaches', breaches.length, 'none'),
    card('unverified reads', verdict.unverifiedReads, 'plain'),
  ];
  const lists = [list('Violations', verdict.violations), list('Breaches', breaches)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>evercount torture, seed ${seed}: ${passed ? 'passed' : 'failed'}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>evercount torture <b class="${passed ? 'good' : 'bad'}">${passed ? 'passed' : 'failed'}</b></h1>
<p>Seed ${seed}, ${(lastedMs / 60_000).toFixed(1)} minutes, ${outcome.instances} instances, ${bucketsText(outcome.buckets)}, one Redis.</p>
${outcome.edges === null ? '' : `<p>Edges: ${edgesText(outcome.edges)}.</p>`}
<div class="cards">${cards.join('')}</div>
${lists.join('')}
<div class="picture">${timelineSvg(timeline, struck)}</div>
<h2>Recovery</h2>
<p>From the end of a fault until every instance took a write, and served a read from the cache; and which share of
requests was not answered between the blow and the recovery.</p>
<table>
<tr><th>fault</th><th>times</th><th>writes after</th><th>hits after</th><th>median</th><th>reads</th><th>writes</th></tr>
${kindReports(struck).map(row).join('\n')}
</table>
</body>
</html>
`;
}

function card(label: string, number: number, kind: 'plain' | 'none'): string {
  const mood = kind === 'plain' ? '' : number === 0 ? 'good' : 'bad';
  return `<div class="card ${mood}"><b>${count(number)}</b><span>${label}</span></div>`;
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<h2>${title}</h2><ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`;
}

function row(kind: KindReport): string {
  const cells = [
    String(kind.struck),
    ms(kind.worstWritesMs),
    ms(kind.worstHitsMs),
    ms(kind.medianHitsMs),
    share(kind.failedReads, kind.reads),
    share(kind.failedWrites, kind.writes),
  ];
  return `<tr><td>${escaped(kind.kind)}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

const STYLE = `
:root{color-scheme:light dark;--line:#ddd;--soft:#666;--good:#1f8a5b;--bad:#c0392b}
body{font:15px/1.5 system-ui,sans-serif;max-width:1212px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}p{color:var(--soft);max-width:46rem}
.good{color:var(--good)}.bad{color:var(--bad)}
.cards{display:flex;flex-wrap:wrap;gap:.7rem;margin:1.2rem 0}
.card{border:1px solid var(--line);border-radius:8px;padding:.5rem .9rem;min-width:6.4rem}
.card b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}.card span{color:var(--soft);font-size:.85rem}
.picture{overflow-x:auto;border:1px solid var(--line);border-radius:8px;padding:.6rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.25rem .8rem;border-bottom:1px solid var(--line);text-align:right;font-weight:normal}
th{color:var(--soft)}td:first-child,th:first-child{text-align:left}
li{font:12px/1.6 ui-monospace,monospace;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){:root{--line:#333;--soft:#999;--good:#4cc38a;--bad:#ff8a75}}`;
