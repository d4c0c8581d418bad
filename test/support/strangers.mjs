/**
 * The built service as `node dist/main.js` starts it, to which callers from the loopback are strangers like all others:
 * for tests with addresses of this machine, where it runs in a process of its own.
 */
import { createApp, listen } from '../../dist/app.js';
import { loadConfig } from '../../dist/config/config.js';
import { createLogger } from '../../dist/logger.js';
import { closeOnSignal } from '../../dist/process/shutdown.js';

const config = await loadConfig(process.env, () => Promise.reject(new Error('has servers already')));
config.http.trustedNetworks = [];
const logger = createLogger(config.log);
const app = await createApp(config, logger);
const { port, healthPort, respPort } = await listen(app, config);
closeOnSignal(logger, () => app.nest.close());
logger.info({ port, healthPort, respPort }, 'listening');
process.stdout.write(`evercount is ready at http://127.0.0.1:${port}\n`);
