import type { Logger } from 'pino';
import { endNoMoreOnEarlySignal } from './early-signals.js';

/** Orchestrators kill after 10 s; by then a reason must have been logged. */
const DEADLINE_MS = 9_000;

/**
 * Ends the process on SIGTERM or SIGINT: with exit code 0 once everything is closed, with 1 where that failed or took
 * longer than `DEADLINE_MS`. Signals that follow are ignored: a terminal sends its own to the whole group.
 *
 * @param close closes whatever was started until then
 * @returns whether a signal has come
 */
export function closeOnSignal(logger: Logger, close: () => Promise<void>): () => boolean {
  let closing = false;
  const end = (signal: string): void => {
    if (closing) return;
    closing = true;
    logger.info({ signal }, 'shutting down');
    setTimeout(() => {
      logger.fatal(`the shutdown took longer than ${DEADLINE_MS} ms; what is still open is abandoned`);
      process.exit(1);
    }, DEADLINE_MS);
    close().then(
      () => {
        logger.info('shut down');
        process.exit(0);
      },
      (error: unknown) => {
        logger.fatal({ err: error }, 'the shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  endNoMoreOnEarlySignal();
  return () => closing;
}

/** A fault that nobody caught: the state of the process is not known any more, so it ends and is started again. */
export function exitOnFault(logger: Logger): void {
  const exit = (error: unknown): void => {
    logger.fatal({ err: error }, 'a fault that nobody caught');
    process.exit(1);
  };
  process.on('uncaughtException', exit);
  process.on('unhandledRejection', exit);
}
