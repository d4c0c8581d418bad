/** docs/benchmarks.md: the figures of one run, and what was learned on the way. */
import { JUDGED_CONNECTIONS } from '../contest.js';
import type { ContestResult } from '../rounds.js';
import { chartName } from './chart.js';
import type { Report } from './report.js';
import {
  cellsOf,
  COLUMNS,
  commitLine,
  memoryLine,
  milliseconds,
  OVERLOAD_COLUMNS,
  overloadCells,
  sizeRows,
  TARGET_COLUMNS,
  upkeepCells,
  UPKEEP_COLUMNS,
  verdictCells,
} from './table.js';

const OVERLOAD =
  'Ten times as many writes as can be done, with a short queue and a Postgres that is 20 ms away: what is beyond is refused ' +
  'with 503, and those that are accepted should feel nothing of it.';

/** @param notes written by hand, in Markdown */
export function markdownOf(
  { machine, generator, pace, mode, startedAt, contests, verdicts, sizes, upkeep, overload, memory }: Report,
  notes: string,
): string {
  const { cpu, cores, memoryGib, system, node, postgres, redis, syncMs, commitMs, loadBefore, commit } = machine;
  const busiest = Math.max(...contests.filter(({ judged }) => judged).flatMap(generatorCores));
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
    `- **Disk**: ${syncMs.toFixed(2)} ms to write 8 KiB and wait for it (median), and ${milliseconds(commitMs)} ms for a lone`,
    '  commit of one upsert. The dearer a commit, the more a batch saves: see below for one that costs 2 ms more.',
    `- **Load**: ${generator}, one thread, on the same machine. It is not the limit: where targets are judged, it kept a core`,
    `  busy for ${Math.round(busiest * 100)} % of the time at most; the last column has its share.`,
    `- **When**: ${startedAt}${commit === null ? '' : `, commit ${commit}`}, ${mode}.${idle}`,
    `- **How**: ${pace.rounds} rounds where targets are judged, else ${pace.sideRounds}, in which all entrants of a contest have a`,
    `  turn of ${pace.seconds} s one after the other, there and back again; each figure is the median of its rounds, each ratio`,
    '  the median of the ratios within the rounds.',
    '- **Service**: the command of the image (`docker/Dockerfile`), with nothing but its servers and a port in the environment;',
    '  its opponents get the same options of Node.',
    '',
    'Opponents get the same requests, have as many connections to Postgres (10), and run on the same libraries, each with',
    'what makes it fast there: prepared statements, pipelined Redis commands. Not all of them promise the same: (c) and (d)',
    'count nothing, (f) knows no bounds, keys or versions, and its `everysec` loses up to a second. (g) is the same Redis',
    'behind Webdis, which is written in C and answers on several threads; its paths are its own.',
    '',
    'In the tables, `share` is of the first row where nothing else is said; `CPU µs` is what one increment or read costs',
    'service, Postgres and Redis together; the columns from `service` on are busy cores, those of the load generator last.',
    '',
    '## Targets',
    '',
    `At ${JUDGED_CONNECTIONS} connections; \`from\` and \`to\` are the least and the most of the rounds.`,
    '',
    table(TARGET_COLUMNS, verdicts.map(verdictCells)),
    '',
    ...groups(contests).flatMap((group) => [...contestSection(group), '']),
    ...(sizes === null ? [] : ['## Sizes', '', table(['', '', ''], sizeRows(sizes)), '']),
    ...(upkeep === null ? [] : ['## Upkeep', '', table(UPKEEP_COLUMNS, upkeep.map(upkeepCells)), '']),
    ...(overload === null
      ? []
      : ['## Overload', '', OVERLOAD, '', table(OVERLOAD_COLUMNS, overload.map(overloadCells)), '']),
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
  const lines = [
    `## ${title}`,
    '',
    [about, commitLine(charted)].join(' ').trim(),
    '',
    `![${title}](benchmarks/${chartName(charted)})`,
    '',
  ];
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

function generatorCores({ entrants }: ContestResult): number[] {
  return entrants.map(({ median }) => median.cores.generator ?? 0);
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
