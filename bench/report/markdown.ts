/** docs/benchmarks.md: the figures of one run, and what was learned on the way. */
import { JUDGED_CONNECTIONS } from '../targets.js';
import type { ContestResult } from '../rounds.js';
import { chartName } from './chart.js';
import type { Report } from './report.js';
import { cellsOf, COLUMNS, memoryLine, sizeRows, upkeepCells, UPKEEP_COLUMNS, verdictCells } from './table.js';

/** @param notes written by hand, in Markdown */
export function markdownOf(
  { machine, generator, pace, mode, startedAt, contests, verdicts, sizes, upkeep, memory }: Report,
  notes: string,
): string {
  const { cpu, cores, memoryGib, system, node, postgres, redis, syncMs, loadBefore, commit } = machine;
  const idle =
    loadBefore < cores / 4
      ? ''
      : ` The machine was not idle before (load ${loadBefore.toFixed(1)}): read the ratios only.`;
  return [
    '# Benchmarks',
    'Written by `npm run bench`; what stands here is overwritten by the next whole run. Everything was measured side by',
    'side in one run, on one machine, by programs that anybody can read in `bench/`.',
    '',
    `- **Where**: ${cpu}, ${cores} cores, ${memoryGib} GiB; ${system}; Node ${node}, Postgres ${postgres}, ${redis}.`,
    `- **Disk**: ${syncMs.toFixed(2)} ms to write 8 KiB and wait for it (median): the least a commit costs.`,
    `- **Load**: ${generator}, on the same machine; its share of the cores is in the last column.`,
    `- **When**: ${startedAt}${commit === null ? '' : `, commit ${commit}`}, ${mode}.${idle}`,
    `- **How**: ${pace.rounds} rounds of ${pace.seconds} s, in which all entrants of a contest have their turn one after`,
    '  the other; each figure is the median of its rounds, each ratio the median of the ratios within the rounds.',
    '',
    'Opponents get the same requests, have as many connections to Postgres (10), and run on the same libraries, each with',
    'what makes it fast there: prepared statements, pipelined Redis commands. Not all of them promise the same: (c) and (d)',
    'count nothing, (f) knows no bounds, keys or versions, and its `everysec` loses up to a second.',
    '',
    'In the tables, `share` is of the first row; `CPU µs` is what one increment or read costs service, Postgres and Redis',
    'together; the columns from `service` on are busy cores, those of the load generator last.',
    '',
    '## Targets',
    '',
    `At ${JUDGED_CONNECTIONS} connections.`,
    '',
    table(['target', 'wanted', 'got', ''], verdicts.map(verdictCells)),
    '',
    ...groups(contests).flatMap((group) => [...contestSection(group), '']),
    ...(sizes === null ? [] : ['## Sizes', '', table(['', '', ''], sizeRows(sizes)), '']),
    ...(upkeep === null ? [] : ['## Upkeep', '', table(UPKEEP_COLUMNS, upkeep.map(upkeepCells)), '']),
    ...(memory === null ? [] : ['## Memory', '', `${memoryLine(memory)}.`, '']),
    '## Notes',
    '',
    notes.trim(),
  ].join('\n');
}

function contestSection(group: readonly ContestResult[]): string[] {
  const charted = group.find(({ connections }) => connections === JUDGED_CONNECTIONS) ?? group[0];
  if (charted === undefined) return [];
  const { title, about } = charted;
  const lines = [`## ${title}`, '', about, '', `![${title}](benchmarks/${chartName(charted)})`, ''];
  for (const contest of group) {
    const columns = [`${contest.connections} connections`, ...COLUMNS.slice(1)];
    lines.push(
      table(
        columns,
        contest.entrants.map((entrant) => cellsOf(contest, entrant)),
      ),
      '',
    );
  }
  return lines;
}

/** One contest at several numbers of connections. */
export function groups(contests: readonly ContestResult[]): ContestResult[][] {
  const keys = new Set(contests.map(({ key }) => key));
  return Array.from(keys, (key) => contests.filter((contest) => contest.key === key));
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}
