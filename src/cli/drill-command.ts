import type { Command } from 'commander';
import { wholeNumber } from './arguments.js';
import { Drill, type DrillReport, type Phase } from '../counters/drill/drill.js';
import { DrillFailed } from '../counters/drill/drilled-service.js';
import { DrilledOverHttp } from './drilled-over-http.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { type ServiceOptions, type Session, withJson, withService } from './session.js';

interface Options extends ServiceOptions {
  readonly sample: number;
  readonly seconds: number;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const ABOUT = `
Real counters are only read; the load is put on counters of its own, which are removed afterwards.
An API key for it has the scopes read, write and admin.
Exit codes: 0 passed, 1 something was wrong or did not recover, 64 and up: it could not be run.`;

/** `drill`: the operator's flush drill. */
export function addDrill(program: Command, session: Session): void {
  withJson(withService(program.command('drill')))
    .description('show what a lost cache costs: nothing is counted wrong, and how long reads are slower')
    .option('--sample <n>', 'counters to compare', wholeNumber, 1_000)
    .option('--seconds <n>', 'load before the flush and after it', wholeNumber, 5)
    .option('--wait', 'flush Redis by hand instead, in whatever way is to be tried')
    .addHelpText('after', ABOUT)
    .action(async (options: Options) => {
      const { terminal } = session;
      const { sample, seconds, wait = false, json = false } = options;
      const say = (line: string): void => terminal.note(line);
      const drillOptions = { sample, phaseMs: seconds * 1_000, waitForFlush: wait };
      const service = new DrilledOverHttp(await session.calls(options));
      const report = await new Drill(service, drillOptions, say).run().catch(failed);
      if (json) terminal.printJson(report);
      else terminal.print(textOf(report));
      session.exitCode = report.passed ? EXIT.ok : EXIT.failed;
    });
}

function failed(error: unknown): never {
  if (!(error instanceof DrillFailed)) throw error;
  throw new CommandFailed(error.isRefused ? EXIT.refused : EXIT.failed, error.message, null, { cause: error });
}

function textOf(report: DrillReport): string {
  const { compared, wrong, warmAfterMs, before, during, after, peakPostgresReads, increments } = report;
  return [
    '',
    `compared            ${compared} counters, and ${increments} increments of this drill`,
    `wrong               ${wrong.length}`,
    `warm again after    ${warmAfterMs === null ? 'more than a minute' : `${(warmAfterMs / 1000).toFixed(2)} s`}`,
    `reads before        ${latencies(before)}`,
    `reads during        ${latencies(during)}`,
    `reads after         ${latencies(after)}`,
    `read from Postgres  ${peakPostgresReads} in the worst second, of this drill's reads`,
    ...wrong.map((sentence) => `  ${sentence}`),
    '',
    `verdict: ${report.passed ? 'passed' : 'FAILED'}`,
  ].join('\n');
}

function latencies({ reads, p50Ms, p99Ms, unanswered }: Phase): string {
  const ms = (time: number | null): string => (time === null ? '-' : `${time.toFixed(1)} ms`);
  return `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, ${reads} reads, ${unanswered} not answered`;
}
