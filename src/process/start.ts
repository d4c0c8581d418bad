import { type App, createApp, listen, type Places } from '../app.js';
import { bracketed } from '../config/address.js';
import { type Config, ConfigError, type EmbeddedUrls, EXIT_CONFIG, loadConfig } from '../config/config.js';
import { CommitPipeline } from '../counters/commits/commit-pipeline.js';
import { WriteReach } from '../counters/guard/write-reach.js';
import { Sampler } from '../counters/happenings/sampler.js';
import { DATA_DIR } from '../embedded/running-servers.js';
import { type Audience, firstKeyNote } from './first-key-note.js';
import { refuseTakenPort } from '../web/connections/listening.js';
import { IS_BUN } from '../web/connections/runtime.js';
import { createLogger } from '../logger.js';
import { MetricsPage } from '../metrics/metrics-page.js';
import { closeOnSignal, exitOnFault } from './shutdown.js';

let embedded: EmbeddedUrls | null = null;
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
  const { workers } = config.process;
  if (workers > 1 && IS_BUN) throw new ConfigError('WORKERS: got more than 1 on Bun; takes Node');
  await refuseTakenPort('PORT', host, port);
  if (healthPort !== null) await refuseTakenPort('HEALTH_PORT', host, healthPort);
  const { resp } = config;
  if (resp.port !== null && resp.isPortAsked) await refuseTakenPort('RESP_PORT', host, resp.port);
  const app = await createApp(config, logger);
  const { nest, firstKey } = app;
  const places = workers > 1 ? await startWorkers(app, workers) : await listen(app, config);
  if (workers === 1) {
    stop = async () => {
      await nest.close();
      await stopEmbedded();
    };
  }
  const note = firstKey === null ? [] : await firstKeyNote(firstKey, audience());
  announce(places, note);
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
  const { startEmbeddedServers } = await import('../embedded/embedded-servers.js');
  const servers = await startEmbeddedServers(DATA_DIR, say);
  stopEmbedded = () => servers.stop();
  embedded = servers;
  return servers;
}

/** Servers of our own have a folder that outlasts this process. */
function audience(): Audience {
  return { isTerminal: process.stdout.isTTY, folder: embedded === null ? null : DATA_DIR };
}

/** Has others answer requests, and commits for them. */
async function startWorkers({ nest }: App, count: number): Promise<Places> {
  const { Workers } = await import('../workers/workers.js');
  const [commits, writes] = [nest.get(CommitPipeline), nest.get(WriteReach)];
  const service = { commits, writes, page: nest.get(MetricsPage), sampler: nest.get(Sampler), embedded };
  const workers = new Workers(service, logger);
  // The first of them may have accepted something before the last one listens.
  stop = async () => {
    await workers.stop();
    await nest.close();
    await stopEmbedded();
  };
  return workers.start(count);
}

function announce({ address, port, healthPort, respPort }: Places, note: readonly string[]): void {
  const everywhere = address === '0.0.0.0' || address === '::';
  const host = bracketed(everywhere ? '127.0.0.1' : address);
  const url = `http://${host}:${port}`;
  const others = { ...(healthPort === null ? {} : { healthPort }), ...(respPort === null ? {} : { respPort }) };
  logger.info({ url, port, ...others }, 'listening');
  for (const line of note) say(line);
  say(`evercount is ready at ${url} - try it:`);
  const header = config.access.auth === 'off' ? '' : " -H 'Authorization: Bearer <key>'";
  say(`  curl -X POST${header} ${url}/v1/counters/hello/increment`);
  if (respPort !== null) {
    const password = config.access.auth === 'off' ? '' : ' -a <key>';
    const tls = config.resp.tls === null ? '' : ' --tls';
    say(`  redis-cli${tls} -h ${everywhere ? '127.0.0.1' : address} -p ${respPort}${password} incr hello`);
  }
  if (embedded !== null) say('  npm run cli -- cache flushall --yes   (Redis is emptied, and no count is lost)');
  const { basePath } = config.http;
  say(`The dashboard: ${url}${basePath}/ - all calls: ${url}${basePath}/docs - another port: the variable PORT`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
