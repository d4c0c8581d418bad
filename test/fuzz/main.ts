/** `npm run fuzz -- --requests 50000 --seed N`: the fuzzer at length, on servers of its own. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startAppProcess } from '../support/app.js';
import { startPostgres, startRedis } from '../support/servers.js';
import { Fuzzer } from './fuzzer.js';

const { values } = parseArgs({ options: { requests: { type: 'string' }, seed: { type: 'string' } } });
const requests = Number(values.requests ?? '50000');
const seed = Number(values.seed ?? randomInt(2 ** 30));

const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
const app = await startAppProcess({ databaseUrl: await postgres.createDatabase('fuzzed'), redisUrl: redis.url });
console.log(`${requests} requests, seed ${seed}`);
const { statuses, faults, durationMs } = await new Fuzzer(app.url).run(requests, seed);
const logged = app.output.filter((line) => /"level":"(error|fatal)"/.test(line));
for (const fault of [...faults, ...logged]) console.log(fault);
console.log(`statuses ${JSON.stringify(statuses)}, ${(durationMs / 1000).toFixed(1)} s`);
const passed = faults.length + logged.length === 0;
console.log(`verdict: ${passed ? 'passed' : 'FAILED'}`);
await app.stop();
await Promise.all([postgres.stop(), redis.stop()]);
process.exitCode = passed ? 0 : 1;
