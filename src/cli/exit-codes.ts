/** What the commands end with; those from 64 on are those of sysexits.h. */
export const EXIT = {
  ok: 0,
  /** What was asked for could not be done. */
  failed: 1,
  /** Drift was found, something was kept apart, or something is still to do: for scripts to branch on. */
  different: 2,
  /** The command line is at fault. */
  usage: 64,
  /** A file that was given is at fault. */
  data: 65,
  /** The service, Postgres or Redis cannot be reached. */
  unavailable: 69,
  /** The API key is missing, or does not allow this. */
  refused: 77,
  /** The configuration is at fault. */
  config: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The end of a command that did not do what it was asked for; the message is one line for the operator. */
export class CommandFailed extends Error {
  override readonly name: string = 'CommandFailed';

  /** @param remedy what the operator can do about it, one line; null where the message says all */
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly remedy: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
