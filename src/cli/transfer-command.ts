import type { Command } from 'commander';
import { importedRedis } from '../config/service-address.js';
import { configOf } from './deployment.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { secretIn, type Session, withJson } from './session.js';
import type { ExportReport } from './transfer/export.js';
import type { ImportReport, ImportSource } from './transfer/import.js';

interface ExportOptions {
  readonly prefix: string;
  readonly restart?: boolean;
  readonly json?: boolean;
}

interface ImportOptions {
  /** True: the environment names it. */
  readonly fromRedis?: string | true;
  readonly fromRedisFile?: string;
  readonly match: string;
  readonly overwrite?: boolean;
  readonly checksum: boolean;
  readonly restart?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const ABOUT_EXPORT = `
A line of JSON for each counter in the order of names, deleted ones too, so that their versions are never used again;
the last line holds a checksum. Each counter is as it is when its page is read. Where it is cut off, the same command
goes on. Without a file, or with -, it goes to standard output.`;

const ABOUT_IMPORT = `
A file is checked to its end before anything is taken. Values that are there already and differ are left alone (exit
code 2) unless --overwrite is given. Versions are taken over, and never lowered. Services may run meanwhile: their
cached reads stay right. Where it is cut off, the same command goes on. With -, it reads standard input.`;

/** `export` and `import`: the way out and in, with one's counts. */
export function addTransfer(program: Command, session: Session): void {
  withJson(program.command('export'))
    .argument('[file]', 'where to; - is standard output', '-')
    .description('write all counters to a file')
    .option('--prefix <text>', 'only names that begin so', '')
    .option('--restart', 'begin anew instead of going on')
    .addHelpText('after', ABOUT_EXPORT)
    .action(async (file: string, options: ExportOptions) => {
      const { exportCounters } = await import('./transfer/export.js');
      const report = await exportCounters(session, await configOf(session), {
        file: file === '-' ? null : file,
        prefix: options.prefix,
        restart: options.restart === true,
      });
      tellExported(session, file, report, options);
    });

  withJson(program.command('import'))
    .argument('[file]', 'an export; - is standard input')
    .description('take counters in, from an export or from the plain integers of a Redis')
    .option(
      '--from-redis [url]',
      'take the integers that INCR left in this Redis; without a URL the one of the environment',
    )
    .option('--from-redis-file <path>', 'the same, with the URL in a file: others on this machine can see arguments')
    .option('--match <pattern>', 'only keys that match, as SCAN understands it', '*')
    .option('--overwrite', 'replace other values that are there')
    .option('--no-checksum', 'take plain lines of {"name", "value"} too')
    .option('--restart', 'begin anew instead of going on')
    .option('--dry-run', 'only tell what would become of each')
    .option('--yes', 'do not ask')
    .addHelpText('after', ABOUT_IMPORT)
    .action(async (file: string | undefined, options: ImportOptions) => {
      const source = await sourceOf(session, file, options);
      const { importCounters } = await import('./transfer/import.js');
      const report = await importCounters(session, await configOf(session), {
        source,
        overwrite: options.overwrite === true,
        dryRun: options.dryRun === true,
        yes: options.yes === true,
      });
      tellImported(session, report, options);
      if (report.kept + report.skipped > 0) session.exitCode = EXIT.different;
    });
}

async function sourceOf(session: Session, file: string | undefined, options: ImportOptions): Promise<ImportSource> {
  const { match, checksum, restart } = options;
  const url = await redisOf(session, options);
  if ((file === undefined) === (url === null)) {
    throw new CommandFailed(EXIT.usage, 'import takes a file, or --from-redis', 'one of the two');
  }
  if (url === null) {
    return { kind: 'file', file: file === '-' ? null : (file ?? null), whole: checksum, restart: restart === true };
  }
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw new CommandFailed(EXIT.usage, '--from-redis takes a redis:// or rediss:// URL');
  }
  return { kind: 'redis', url, match };
}

/** The Redis to be read, by option, file or environment; null: none was asked for. */
async function redisOf({ terminal, environment }: Session, options: ImportOptions): Promise<string | null> {
  const { fromRedis, fromRedisFile } = options;
  if (fromRedisFile !== undefined) return secretIn(fromRedisFile, 'the URL');
  if (fromRedis === undefined) return null;
  if (fromRedis !== true) {
    if (URL.canParse(fromRedis) && new URL(fromRedis).password !== '') {
      terminal.note('note: others on this machine can see the password in an argument; better --from-redis-file');
    }
    return fromRedis;
  }
  const named = importedRedis(environment);
  if (named !== null) return 'url' in named ? named.url : secretIn(named.file, 'the URL');
  throw new CommandFailed(
    EXIT.usage,
    '--from-redis needs a URL',
    'after it, in EVERCOUNT_FROM_REDIS, or in a file that EVERCOUNT_FROM_REDIS_FILE or --from-redis-file names',
  );
}

function tellExported({ terminal }: Session, file: string, report: ExportReport, { json }: ExportOptions): void {
  const { lines, resumed, durationMs } = report;
  const before = resumed > 0 ? `, ${resumed} of them by an earlier run` : '';
  const line = `exported ${lines} counters${before}, in ${secondsOf(durationMs)}`;
  // Standard output holds the counters themselves.
  if (file === '-') terminal.note(line);
  else if (json === true) terminal.printJson(report);
  else terminal.print(line);
}

function tellImported({ terminal }: Session, report: ImportReport, { json, dryRun }: ImportOptions): void {
  if (json === true) {
    terminal.printJson(report);
    return;
  }
  const { created, replaced, deleted, unchanged, kept, skipped, resumed, told, durationMs } = report;
  if (told.length > 0) {
    terminal.printTable(
      ['name', 'left alone, since'],
      told.map(({ name, reason }) => [name, reason]),
    );
  }
  terminal.print(
    `${dryRun === true ? 'would be' : 'done'}: ${created} created, ${replaced} replaced, ${deleted} deleted, ` +
      `${unchanged} unchanged, ${kept} kept, ${skipped} skipped, in ${secondsOf(durationMs)}`,
  );
  if (resumed > 0) terminal.note(`${resumed} were done by an earlier run`);
}

function secondsOf(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
