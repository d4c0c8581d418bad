import type { Command } from 'commander';
import { EXIT } from './exit-codes.js';
import type { Finding } from './findings.js';
import { type Session, withJson } from './session.js';
import type { Terminal } from './terminal.js';

const MARKS = { good: 'ok', hint: 'hint', bad: 'BAD' } as const;
const COLOURS = { good: 'green', hint: 'yellow', bad: 'red' } as const;

/** `doctor`: whether the servers suit the service, and what to do where they do not. */
export function addDoctor(program: Command, session: Session): void {
  withJson(program.command('doctor'))
    .description('examine Node, the configuration, Postgres and Redis; says what to do about what it finds')
    .addHelpText(
      'after',
      '\nNothing is changed. Exit codes: 0 all good, hints included; 1 something is bad; 78 configuration.',
    )
    .action(async (options: { json?: boolean }) => {
      const { terminal } = session;
      // With TypeORM behind it: not before it is needed.
      const { examine } = await import('./examine.js');
      const findings = await examine(session);
      if (options.json === true) terminal.printJson(findings);
      else tell(terminal, findings);
      if (findings.some(({ verdict }) => verdict === 'bad')) session.exitCode = EXIT.failed;
    });
}

function tell(terminal: Terminal, findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const { check, verdict, found, remedy } of findings) {
    const mark = terminal.colour(COLOURS[verdict], MARKS[verdict].padEnd(4));
    terminal.print(`${mark}  ${check.padEnd(width)}  ${found}`);
    if (remedy !== null) terminal.print(`${' '.repeat(width + 8)}> ${remedy}`);
  }
  const count = (wanted: Finding['verdict']): number => findings.filter(({ verdict }) => verdict === wanted).length;
  terminal.print(`\nok: ${count('good')}, hint: ${count('hint')}, bad: ${count('bad')}`);
}
