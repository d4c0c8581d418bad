import type { AddressInfo } from 'node:net';
import { createApp, listen } from './app.js';
import { bracketed } from './config/address.js';
import { type Config, ConfigError, EXIT_CONFIG, loadConfig } from './config/config.js';
import { DATA_DIR } from './embedded/running-servers.js';
import { type Audience, firstKeyNote } from './first-key-note.js';
import { refuseTakenPort } from './web/connections/listening.js';
import { createLogger } from './logger.js';
import { closeOnSignal, exitOnFault } from './shutdown.js';

let embedded = false;
let stopEmbedded = (): Promise<void> => Promise.resolve();

const config = await configOrExit();
const logger = createLogger(config.log);
exitOnFault(logger);
// Until the service listens it has accepted nothing that could be lost.
let stop = (): Promise<void> => stopEmbedded();
const isStopping = closeOnSignal(logger, () => stop());
logger.info('starting');

try {
  const { host, port, healthPort } = config.http;
  await refuseTakenPort('PORT', host, port);
  if (healthPort !== null) await refuseTakenPort('HEALTH_PORT', host, healthPort);
  const { resp } = config;
  if (resp.port !== null && resp.isPortAsked) await refuseTakenPort('RESP_PORT', host, resp.port);
  const app = await createApp(config, logger);
  const { nest, firstKey } = app;
  await listen(app, config);
  stop = async () => {
    await nest.close();
    await stopEmbedded();
  };
  const note = firstKey === null ? [] : await firstKeyNote(firstKey, audience());
  announce(nest.getHttpServer().address() as AddressInfo, note, {
    health: app.healthPort?.port ?? null,
    resp: app.resp.port,
  });
} catch (error) {
  // A service that is stopped while it starts fails to start.
  if (!isStopping()) {
    // Some faults of the configuration show only where it leads to; what they say needs no stack.
    if (error instanceof ConfigError) logger.fatal(error.message);
    else logger.fatal({ err: error }, 'the service cannot start');
    await stopEmbedded();
    // Statements that are to be copied would be escaped in a line of JSON.
    if (error instanceof ConfigError && error.message.includes('\n')) process.stderr.write(`${error.message}\n`);
    process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1);
  }
}

async function configOrExit(): Promise<Config> {
  try {
    return await loadConfig(process.env, startEmbedded);
  } catch (error) {
    exitFor(error);
  }
}

function exitFor(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1);
}

async function startEmbedded() {
  // Imported only here: who brings servers has no use for what starts some.
  const { startEmbeddedServers } = await import('./embedded/embedded-servers.js');
  const servers = await startEmbeddedServers(DATA_DIR, say);
  stopEmbedded = () => servers.stop();
  embedded = true;
  return servers;
}

/** Servers of our own have a folder that outlasts this process. */
function audience(): Audience {
  return { isTerminal: process.stdout.isTTY, folder: embedded ? DATA_DIR : null };
}

interface OtherPorts {
  readonly health: number | null;
  readonly resp: number | null;
}

function announce({ address, port }: AddressInfo, note: readonly string[], { health, resp }: OtherPorts): void {
  const everywhere = address === '0.0.0.0' || address === '::';
  const host = bracketed(everywhere ? '127.0.0.1' : address);
  const url = `http://${host}:${port}`;
  const others = { ...(health === null ? {} : { healthPort: health }), ...(resp === null ? {} : { respPort: resp }) };
  logger.info({ url, port, ...others }, 'listening');
  for (const line of note) say(line);
  say(`evercount is ready at ${url} - try it:`);
  const header = config.access.auth === 'off' ? '' : " -H 'Authorization: Bearer <key>'";
  say(`  curl -X POST${header} ${url}/v1/counters/hello/increment`);
  if (resp !== null) {
    const password = config.access.auth === 'off' ? '' : ' -a <key>';
    const tls = config.resp.tls === null ? '' : ' --tls';
    say(`  redis-cli${tls} -h ${everywhere ? '127.0.0.1' : address} -p ${resp}${password} incr hello`);
  }
  if (embedded) say('  npm run cli -- cache flushall --yes   (Redis is emptied, and no count is lost)');
  const { basePath } = config.http;
  say(`The dashboard: ${url}${basePath}/ - all calls: ${url}${basePath}/docs - another port: the variable PORT`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
