import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { serviceAddress } from '../config/service-address.js';
import { CommandFailed, EXIT, type ExitCode } from './exit-codes.js';
import { ServiceCalls } from './service-calls.js';
import type { Terminal } from './terminal.js';

/** What the options of commands that call the service hold. */
export interface ServiceOptions {
  readonly url?: string;
  readonly key?: string;
  readonly keyFile?: string;
}

/** One run of the command line: where it writes, what the environment says, and what it ends with. */
export class Session {
  exitCode: ExitCode = EXIT.ok;

  constructor(
    readonly terminal: Terminal,
    readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** The service that the options name, else the environment, else the one on this machine. */
  async calls({ url, key, keyFile }: ServiceOptions): Promise<ServiceCalls> {
    const address = serviceAddress(this.environment);
    const base = url ?? address.url;
    if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol)) {
      throw new CommandFailed(EXIT.usage, `"${base}" is no URL of a service`, 'give one such as http://127.0.0.1:3000');
    }
    const file = keyFile ?? (key === undefined ? address.keyFile : null);
    return new ServiceCalls(base, file === null ? (key ?? address.key) : await secretIn(file, 'the key'));
  }

  /**
   * Goes on only with the operator's consent.
   *
   * @param yes given beforehand, by `--yes`
   * @throws CommandFailed where it is refused, or nobody is there to be asked
   */
  async consent(question: string, yes: boolean | undefined): Promise<void> {
    if (yes === true) return;
    const answer = await this.terminal.confirm(question);
    if (answer === null) {
      throw new CommandFailed(EXIT.usage, 'this asks first, and nobody is there to be asked', 'say --yes');
    }
    if (!answer) throw new CommandFailed(EXIT.failed, 'nothing was changed');
  }
}

/**
 * What a file holds that is not for arguments, which others on this machine can see.
 *
 * @param what it is, for the message
 */
export async function secretIn(file: string, what: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `${what} cannot be read: ${(error as Error).message}`);
  }
}

/** Adds the options of a command that calls the service. */
export function withService(command: Command): Command {
  return command
    .option('--url <url>', 'the service; or EVERCOUNT_URL (default: http://127.0.0.1:3000)')
    .option('--key <key>', 'an API key; or EVERCOUNT_KEY. Others on this machine can see arguments: better a file')
    .option('--key-file <path>', 'a file that holds the API key; or EVERCOUNT_KEY_FILE');
}

/** Adds the option that every command has whose result a program may want. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print the result as JSON, for programs');
}
