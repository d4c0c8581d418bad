import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/config.js';
import { packageVersion } from '../config/package-version.js';
import { EmbeddedError } from '../embedded/embedded-error.js';
import { addAudit } from './audit-command.js';
import { addCache } from './cache-command.js';
import { addConfig } from './config-command.js';
import { addCompletion } from './completion-command.js';
import { addCounting } from './counting-command.js';
import { addDoctor } from './doctor-command.js';
import { addEdge } from './edge-command.js';
import { addDrill } from './drill-command.js';
import { CommandFailed, EXIT, type ExitCode } from './exit-codes.js';
import { addKeys } from './keys-command.js';
import { addMigrate } from './migrate-command.js';
import { addOverTime } from './over-time-command.js';
import { addPurge } from './purge-command.js';
import { Session } from './session.js';
import type { Terminal } from './terminal.js';
import { addTransfer } from './transfer-command.js';
import { addWatches } from './watches-command.js';
import { addWebhooks } from './webhooks-command.js';
import { addVerify } from './verify-command.js';

const EXAMPLES = `
Examples:
  evercount doctor                              is everything as it should be? what to do where it is not
  evercount incr visits && evercount get visits --output json
  evercount list --prefix page:                 which counters there are
  evercount history page:/home --interval day   what one came to, drawn
  evercount verify && echo "the cache is right"
  evercount export counts.ndjson                everything, to take along
  evercount import --from-redis redis://old --match 'hits:*'

Exit codes: 0 done, 1 failed, 2 drift or something left to do, 64 command line, 65 data, 69 out of reach,
77 refused, 78 configuration. "evercount <command> --help" tells more, docs/cli.md everything.`;

/**
 * Runs one command line.
 *
 * @param args without the program's name
 * @returns the exit code; faults were told on stderr
 */
export async function run(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<ExitCode> {
  const session = new Session(terminal, environment);
  try {
    await programOf(session).parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
    return session.exitCode;
  } catch (error) {
    return failureOf(error, terminal);
  }
}

function programOf(session: Session): Command {
  const { terminal } = session;
  const program = new Command('evercount')
    .description('Counts with evercount, a durable counter service, and operates it.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .showHelpAfterError('(--help tells how it is used)')
    .exitOverride()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .addHelpText('after', EXAMPLES);
  program.commandsGroup('Counting, by the URL and the key of a service:');
  addCounting(program, session);
  addOverTime(program, session);
  program.commandsGroup('Operating a running service, over HTTP:');
  addCache(program, session);
  addDrill(program, session);
  addEdge(program, session);
  addWatches(program, session);
  addWebhooks(program, session);
  addAudit(program, session);
  program.commandsGroup('Its servers, with the same environment as the service:');
  addDoctor(program, session);
  addVerify(program, session);
  addKeys(program, session);
  addTransfer(program, session);
  addPurge(program, session);
  addMigrate(program, session);
  addConfig(program, session);
  program.commandsGroup('This command:');
  addCompletion(program, session);
  return program;
}

function failureOf(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) {
    // It has said so already.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  if (error instanceof ConfigError) {
    terminal.note(error.message);
    return EXIT.config;
  }
  if (error instanceof EmbeddedError) {
    terminal.note(`error: ${error.message}`);
    return EXIT.failed;
  }
  if (error instanceof CommandFailed) {
    terminal.note(`error: ${error.message}`);
    if (error.remedy !== null) terminal.note(`  ${error.remedy}`);
    return error.exitCode;
  }
  terminal.note(`error: ${error instanceof Error ? error.message : String(error)}`);
  return EXIT.failed;
}
