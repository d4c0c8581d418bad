/** A service that is wrong in one thing, as a process: its name is the argument, the environment that of the service. */
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Gate } from '../../../src/web/gate/gate.js';
import { AppModule } from '../../../src/app.module.js';
import { loadConfig } from '../../../src/config/config.js';
import { createServer } from '../../../src/web/server.js';
import { createLogger, NestLogger } from '../../../src/logger.js';
import { Traces } from '../../../src/meters/traces.js';
import { closeOnSignal, exitOnFault } from '../../../src/process/shutdown.js';
import { IncrementBatches } from '../../../src/store/increment-batches.js';
import { MUTATIONS, REWIRINGS } from './mutants.js';
import { isMutantName, MUTANT_NAMES } from './names.js';

const [, , name = ''] = process.argv;
if (!isMutantName(name)) throw new Error(`There is no mutant "${name}"; there are: ${MUTANT_NAMES.join(', ')}`);

const config = await loadConfig(process.env, () => Promise.reject(new Error('a mutant is given its servers')));
const logger = createLogger(config.log);
exitOnFault(logger);
const traces = new Traces(null);
const { adapter, problems } = createServer(config, traces);
const module = await MUTATIONS[name](
  Test.createTestingModule({ imports: [AppModule.of(config, problems, traces)] }).setLogger(
    new NestLogger(logger, traces),
  ),
).compile();
const nest = module.createNestApplication<NestFastifyApplication>(adapter, { bodyParser: false });
nest.useGlobalFilters(problems);
nest.get(Gate).guard(adapter.getInstance(), () => undefined);
REWIRINGS[name]?.(nest.get(IncrementBatches, { strict: false }));
closeOnSignal(logger, () => nest.close());
await nest.listen(config.http.port, config.http.host);
const { port } = nest.getHttpServer().address() as AddressInfo;
process.stdout.write(`evercount is ready at http://${config.http.host}:${port}\n`);
