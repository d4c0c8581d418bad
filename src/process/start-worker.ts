/** A worker: answers requests, and has its writes committed by the process that forked it. */
import { createApp, listen } from '../app.js';
import { ConfigError, EXIT_CONFIG, loadConfig } from '../config/config.js';
import { configOfWorker } from '../config/processes.js';
import { SentCommits } from '../counters/commits/sent/sent-commits.js';
import { WriteReach } from '../counters/guard/write-reach.js';
import { Sampler } from '../counters/happenings/sampler.js';
import { createLogger } from '../logger.js';
import { MetricsPage } from '../metrics/metrics-page.js';
import { exitOnFault } from './shutdown.js';
import { Committer } from '../workers/committer.js';

/** What can be answered without the process that commits is answered in this time: that writes are not known, or refused. */
const GOODBYE_MS = 500;

const committer = new Committer();
const embedded = await committer.begin();
const config = configOfWorker(
  await loadConfig(process.env, () =>
    embedded === null ? Promise.reject(new Error('there are servers already')) : Promise.resolve(embedded),
  ),
);
const logger = createLogger(config.log);
exitOnFault(logger);

try {
  const app = await createApp(config, logger);
  const { nest } = app;
  const [commits, writes] = [nest.get(SentCommits), nest.get(WriteReach)];
  const [page, sampler] = [nest.get(MetricsPage), nest.get(Sampler)];
  commits.connect((calls) => committer.sendCalls(calls));
  page.readBy(async () => {
    const told = await committer.ask('metrics');
    return told.topic === 'metrics' ? told.numbers : page.numbers();
  });
  sampler.readBy(async () => {
    const told = await committer.ask('reads');
    return told.topic === 'reads' ? told.reads : sampler.ownReads();
  });
  committer.listen({
    answered: (answers) => commits.take(answers),
    learned: (refusal) => writes.learn(refusal),
    own: async (topic) =>
      topic === 'metrics' ? { topic, numbers: await page.numbers() } : { topic, reads: sampler.ownReads() },
    end: () =>
      void nest.close().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.fatal({ err: error }, 'the shutdown of a worker failed');
          process.exit(1);
        },
      ),
    gone: () => {
      logger.warn('the process that commits is gone; this worker ends');
      commits.disconnect();
      setTimeout(() => process.exit(1), GOODBYE_MS);
    },
  });
  committer.tellPlaces(await listen(app, config));
} catch (error) {
  if (error instanceof ConfigError) logger.fatal(error.message);
  else logger.fatal({ err: error }, 'a worker cannot start');
  process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1);
}
