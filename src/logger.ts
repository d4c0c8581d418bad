import type { LoggerService } from '@nestjs/common';
import { destination, type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import type { LogSettings } from './config/config.js';
import type { Traces } from './meters/traces.js';

/**
 * The service's only logger: a line of JSON for each event.
 *
 * @param lines where they go: by default to stdout, written before the call returns, so that a crash loses none
 */
export function createLogger(settings: LogSettings, lines: DestinationStream = destination({ sync: true })): Logger {
  const hidden = settings.hidden.map(anyEncodingOf);
  const redacted: DestinationStream = { write: (line) => lines.write(withoutSecrets(line, hidden)) };
  const options: LoggerOptions = {
    level: settings.level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(options, redacted);
}

/**
 * Keys and sessions, wherever they begin: what stands before them may be a letter, such as the end of `%20` or of an escape
 * of JSON. A key is told from words by its two parts, of which the id may stay; a session by its length, where it does not
 * begin a word. Some clients encode underlines, and some write all in capitals.
 */
const SECRETS = [
  /(ec(?:_|%5f)[0-9a-z]{1,13}(?:_|%5f))[0-9a-z]{8,}/gi,
  /(\bes(?:_|%5f))[0-9a-z]{8,}/gi,
  /(es(?:_|%5f))[0-9a-z]{24,}/gi,
];

const HIDDEN = '…';

/** A text, each character of which may be percent-encoded. */
function anyEncodingOf(text: string): RegExp {
  const either = [...Buffer.from(text, 'latin1')].map((byte) => {
    const hex = byte.toString(16).padStart(2, '0');
    return `(?:\\x${hex}|%${hex})`;
  });
  return new RegExp(either.join(''), 'gi');
}

/** Clients put keys into the oddest places, such as the query of a URL or the id of a request. */
function withoutSecrets(line: string, hidden: readonly RegExp[]): string {
  let text = line;
  for (const secret of SECRETS) text = text.replace(secret, `$1${HIDDEN}`);
  for (const secret of hidden) text = text.replace(secret, HIDDEN);
  return text;
}

/** What Nest tells of its own start: of use only to who looks for a fault in it. */
const FRAMEWORK = new Set(['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver']);

/** Where Nest tells of what ended a start, which whoever started it tells once more. */
const FAILED_START = 'ExceptionHandler';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * Lets Nest, and every class that logs through Nest's `Logger`, write to pino. A message is a sentence, an error, or an
 * object whose members become members of the line (`msg` is the sentence, `err` an error).
 */
export class NestLogger implements LoggerService {
  constructor(
    private readonly logger: Logger,
    private readonly traces: Traces,
  ) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(FRAMEWORK.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write(rest.at(-1) === FAILED_START ? 'debug' : 'error', message, rest);
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
    const trace = this.traces.logged();
    if (message instanceof Error) this.logger[level]({ context, ...trace, err: message });
    else if (typeof message === 'object' && message !== null) this.logger[level]({ context, ...trace, ...message });
    else this.logger[level]({ context, ...trace, stack }, String(message));
  }
}
