/** `npm run edge`: counts where the network is not; see docs/edge.md. */
import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import { ConfigError, EXIT_CONFIG } from '../config/config.js';
import { EDGE_VARIABLE_NAMES, type EdgeSettings, edgeSettings } from '../config/edge.js';
import { endOnEarlySignal } from '../process/early-signals.js';
import { createLogger, NestLogger } from '../logger.js';
import { Traces } from '../meters/traces.js';
import { closeOnSignal, exitOnFault } from '../process/shutdown.js';
import { EdgeFileFault } from './edge-file.js';
import { startEdge } from './start.js';

/** Of sysexits.h: the command line, and a file that was given. */
const [EXIT_USAGE, EXIT_DATA] = [64, 65];

/** Flags, and the variables that they stand for. */
const FLAGS: Readonly<Record<string, string>> = {
  upstream: 'EDGE_UPSTREAM',
  key: 'EDGE_KEY',
  'key-file': 'EDGE_KEY_FILE',
  file: 'EDGE_FILE',
  'local-key': 'EDGE_LOCAL_KEY',
  'every-ms': 'EDGE_EVERY_MS',
  'kept-days': 'EDGE_KEPT_DAYS',
  host: 'HOST',
  port: 'PORT',
  'resp-port': 'RESP_PORT',
};

const USAGE = `npm run edge -- --upstream URL [--key KEY | --key-file PATH] [--file PATH] [--host HOST] [--port N] [--resp-port N] …
Counts here, and delivers to the service at URL whenever it can be reached; docs/edge.md tells more.
Each flag is a variable as well: ${EDGE_VARIABLE_NAMES.join(', ')}.`;

endOnEarlySignal();
const settings = settingsOrExit();
const hidden = [settings.key, settings.localKey].flatMap((key) => key ?? []);
const logger = createLogger({ level: settings.logLevel, hidden });
Logger.overrideLogger(new NestLogger(logger, new Traces(null)));
exitOnFault(logger);
let stop = (): Promise<void> => Promise.resolve();
closeOnSignal(logger, () => stop());

try {
  const running = await startEdge(settings, (line) => logger.warn(line));
  stop = () => running.close();
  const { url, respUrl, edge } = running;
  logger.info({ url, respUrl, id: edge.file.row.id }, 'listening');
  process.stdout.write(
    `evercount edge is ready at ${url} - try it:\n  curl -X POST ${url}/v1/counters/hello/increment\n` +
      `What it counts is kept in ${settings.file}, and delivered to ${settings.upstream}. How it stands: ${url}/\n` +
      (respUrl === null ? '' : `Clients of Redis count at ${respUrl}\n`),
  );
} catch (error) {
  if (error instanceof EdgeFileFault) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_DATA);
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
  logger.fatal({ err: error }, 'the edge cannot start');
  process.exit(1);
}

function settingsOrExit(): EdgeSettings {
  try {
    const options = Object.fromEntries(Object.keys(FLAGS).map((flag) => [flag, { type: 'string' as const }]));
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean' as const, short: 'h' } } });
    if (values['help'] === true) {
      process.stdout.write(`${USAGE}\n`);
      process.exit(0);
    }
    const given = Object.entries(FLAGS).flatMap(([flag, variable]) => {
      const value: unknown = Reflect.get(values, flag);
      return typeof value === 'string' ? [[variable, value] as const] : [];
    });
    return edgeSettings({ ...process.env, ...Object.fromEntries(given) });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof ConfigError ? EXIT_CONFIG : EXIT_USAGE);
  }
}
