import type { Command } from 'commander';
import type { VerifyReport } from '../counters/upkeep/verification.js';
import { configOf } from './deployment.js';
import { driftTable } from './drift-table.js';
import { EXIT } from './exit-codes.js';
import { type Session, withJson } from './session.js';

interface Options {
  readonly fix?: boolean;
  readonly json?: boolean;
}

/** Rows shown; more of them say nothing new. `--json` has them all. */
const MAX_SHOWN = 50;

const ABOUT = `
It asks Postgres and Redis themselves and not the service, so that it does not depend on the word of what it examines,
and so that nothing is repaired before it was seen. Safe at any time, also while the service runs.`;

/** `verify`: whether the cache holds the truth, seen from outside of the service. */
export function addVerify(program: Command, session: Session): void {
  withJson(program.command('verify'))
    .description('compare every entry of the cache with the truth; 0: all right, 2: drift')
    .option('--fix', 'remove what drifts; it is read from Postgres then')
    .addHelpText('after', ABOUT)
    .action(async (options: Options) => {
      const config = await configOf(session);
      const { verify } = await import('./verify.js');
      const report = await verify(session, config, options.fix === true);
      tell(session, report, options);
      if (report.drift.length > 0) session.exitCode = EXIT.different;
    });
}

function tell({ terminal }: Session, report: VerifyReport, { fix, json }: Options): void {
  if (json === true) {
    terminal.printJson(report);
    return;
  }
  const { compared, others, drift, removed, durationMs } = report;
  const behind = drift.filter(({ kind }) => kind === 'behind').length;
  if (drift.length > 0) driftTable(terminal, drift.slice(0, MAX_SHOWN));
  if (drift.length > MAX_SHOWN) terminal.print(`and ${drift.length - MAX_SHOWN} more`);
  terminal.print(
    `compared ${compared} entries in ${durationMs} ms: ` +
      (drift.length === 0 ? 'no drift' : `${behind} behind, ${drift.length - behind} wrong`),
  );
  if (others > 0) terminal.note(`passed over ${others} keys that are served to nobody`);
  if (drift.length === 0) return;
  terminal.note(fix === true ? `removed ${removed} of them` : '"evercount verify --fix" removes them');
}
