import { type Command, Option } from 'commander';
import { type DeedKind, DEEDS } from '../domain/deed.js';
import { wholeNumber } from './arguments.js';
import { formatOf, type OutputOptions, printRecords, withOutput } from './output.js';
import { type ServiceOptions, type Session, withService } from './session.js';
import { shown } from './terminal.js';

/** Deeds that are asked for at a time. */
const PAGE = 1_000;

interface Options extends ServiceOptions, OutputOptions {
  readonly from?: string;
  readonly to?: string;
  readonly actor?: string;
  readonly action?: DeedKind;
  readonly subject?: string;
  readonly limit: number;
}

interface Deed {
  readonly at: string;
  readonly action: string;
  readonly actor: string;
  readonly isSession: boolean;
  readonly via: string;
  readonly address: string | null;
  readonly subject: string | null;
  readonly before: object | null;
  readonly after: object | null;
}

interface Page {
  readonly data: readonly Deed[];
  readonly nextCursor: string | null;
}

/** `audit`: who did what. */
export function addAudit(program: Command, session: Session): void {
  withOutput(withService(program.command('audit')))
    .description('who set, reset or deleted which counter, imported, flushed, made keys or signed in, latest first')
    .option('--from <time>', 'ISO 8601, such as 2026-01-31T12:00:00Z')
    .option('--to <time>', 'the same')
    .option('--actor <id>', 'by this key alone; "off" without keys, "cli" by the command line, "service" by itself')
    .addOption(new Option('--action <kind>', 'of this kind alone').choices(DEEDS))
    .option('--subject <name>', 'about this counter, or the key or link with this id, alone')
    .option('--limit <n>', 'so many at most', wholeNumber, 50)
    .action((options: Options) => audit(session, options));
}

async function audit(session: Session, options: Options): Promise<void> {
  const { from, to, actor, action, subject, limit } = options;
  const calls = await session.calls(options);
  const wanted = Object.entries({ from, to, actor, action, subject }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  );
  const deeds: Deed[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams([...wanted, ['limit', String(Math.min(PAGE, limit - deeds.length))]]);
    if (cursor !== null) query.set('cursor', cursor);
    const page: Page = await calls.expect<Page>('GET', `/v1/audit?${query.toString()}`);
    deeds.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null && deeds.length < limit);
  printRecords(session.terminal, formatOf(options), {
    head: ['at', 'action', 'about', 'by', 'from', 'before', 'after'],
    rows: deeds.map((deed) => [
      deed.at,
      deed.action,
      deed.subject === null ? null : shown(deed.subject),
      deed.isSession ? `${deed.actor} (browser)` : deed.actor,
      `${deed.address ?? '-'} ${deed.via}`,
      briefly(deed.before),
      briefly(deed.after),
    ]),
    json: deeds,
  });
  if (deeds.length === 0) session.terminal.note('nothing of that kind is written down');
}

/** Of a counter its value; of anything else what there is to say. */
function briefly(state: object | null): string | number | null {
  if (state === null) return null;
  if ('value' in state && typeof state.value === 'number') return state.value;
  return JSON.stringify(state);
}
