import type { LoggerService } from '@nestjs/common';
import { destination, type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import type { LogSettings } from './config/config.js';

/**
 * The service's only logger: a line of JSON for each event.
 *
 * @param lines where they go: by default to stdout, written before the call returns, so that a crash loses none
 */
export function createLogger(settings: LogSettings, lines: DestinationStream = destination({ sync: true })): Logger {
  const redacted: DestinationStream = { write: (line) => lines.write(withoutSecrets(line, settings.hidden)) };
  const options: LoggerOptions = {
    level: settings.level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(options, redacted);
}

/** Keys and sessions; long enough to be told from a word that begins alike. The id of a key comes first, and may stay. */
const SECRET = /\b(ec_[0-9a-z]{1,13}_|es_)[0-9a-z]{8,}/g;

const HIDDEN = '…';

/** Clients put keys into the oddest places, such as the query of a URL or the id of a request. */
function withoutSecrets(line: string, hidden: readonly string[]): string {
  let text = line.includes('ec_') || line.includes('es_') ? line.replace(SECRET, `$1${HIDDEN}`) : line;
  for (const secret of hidden) text = text.replaceAll(secret, HIDDEN);
  return text;
}

/** What Nest tells of its own start: of use only to who looks for a fault in it. */
const FRAMEWORK = new Set(['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver']);

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * Lets Nest, and every class that logs through Nest's `Logger`, write to pino. A message is a sentence, an error, or an
 * object whose members become members of the line (`msg` is the sentence, `err` an error).
 */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(FRAMEWORK.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** @param rest Nest's last argument is the context; an error's stack may come before it */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    const [stack] = rest.length > 1 ? rest : [];
    if (message instanceof Error) this.logger[level]({ context, err: message });
    else if (typeof message === 'object' && message !== null) this.logger[level]({ context, ...message });
    else this.logger[level]({ context, stack }, String(message));
  }
}
