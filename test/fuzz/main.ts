/**
 * `npm run fuzz -- --requests 50000 --seed N`: the fuzzer at length, on servers of its own; `--keys` asks for keys.
 * `npm run fuzz -- --attack --minutes 5`: attackers instead, who try to shut a normal client out; `--together`: all at once.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { ApiKeys } from '../../src/store/api-keys.js';
import { startAppProcess } from '../support/app.js';
import { startPostgres, startRedis } from '../support/servers.js';
import { attackFor } from './attack/main.js';
import { ANYBODY, type Caller, callersWith } from './callers.js';
import { Fuzzer } from './fuzzer.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';

const { values } = parseArgs({
  options: {
    requests: { type: 'string' },
    seed: { type: 'string' },
    keys: { type: 'boolean' },
    attack: { type: 'boolean' },
    together: { type: 'boolean', default: false },
    minutes: { type: 'string' },
  },
});
if (values.attack === true) process.exit((await attackFor(Number(values.minutes ?? '5'), values.together)) ? 0 : 1);

const requests = Number(values.requests ?? '50000');
const seed = Number(values.seed ?? randomInt(2 ** 30));

const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
const databaseUrl = await postgres.createDatabase('fuzzed');
const env: Record<string, string> = values.keys === true ? { AUTH: 'required', ADMIN_KEY, RATE_LIMIT: 'off' } : {};
const app = await startAppProcess({ databaseUrl, redisUrl: redis.url, env });
const pool = new pg.Pool({ connectionString: databaseUrl });
const callers: [Caller, ...Caller[]] =
  values.keys === true ? await callersWith(ADMIN_KEY, new KeyAdministration(new ApiKeys(pool))) : [ANYBODY];
console.log(`${requests} requests, seed ${seed}${values.keys === true ? ', with keys' : ''}`);
const { statuses, faults, durationMs } = await new Fuzzer(app.url, callers).run(requests, seed);
const logged = app.output.filter((line) => /"level":"(error|fatal)"/.test(line));
for (const fault of [...faults, ...logged]) console.log(fault);
console.log(`statuses ${JSON.stringify(statuses)}, ${(durationMs / 1000).toFixed(1)} s`);
const passed = faults.length + logged.length === 0;
console.log(`verdict: ${passed ? 'passed' : 'FAILED'}`);
await Promise.all([app.stop(), pool.end()]);
await Promise.all([postgres.stop(), redis.stop()]);
process.exitCode = passed ? 0 : 1;
