/**
 * `node scripts/run.mjs bench/scale/main.ts`: what polling costs, and what Postgres is asked for when a part of the cache
 * fails. Measures what a statement costs, and adds up the rest.
 */
import { migrate } from '../../src/store/migrate.js';
import { startPostgres } from '../../test/support/servers.js';
import { pollingCost, READS_PER_SECOND, storm } from './model.js';
import { measurePostgres, type PostgresCosts } from './postgres-costs.js';

const INSTANCES = [3, 50] as const;
const MASTERS = [1, 3, 10, 100] as const;
const BUDGETS = [Infinity, 20_000, 2_000] as const;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const count = (number: number): string => Math.round(number).toLocaleString('en-US');

function tell(costs: PostgresCosts): void {
  const { reads, allUnitsMs, changedUnitsMs } = costs;
  say('Milliseconds of one processor of Postgres');
  for (const [size, ms] of reads) say(`  to read ${String(size).padStart(3)} counters      ${ms.toFixed(3)}`);
  say(`  to poll 256 units         ${allUnitsMs.toFixed(3)}`);
  say(`  to poll those that changed ${changedUnitsMs.toFixed(3)}`);
  say('\n| instances | polls a second | processors, all rows | processors, changed rows |');
  say('| --------: | -------------: | -------------------: | -----------------------: |');
  for (const instances of INSTANCES) {
    const [all, changed] = [pollingCost(costs, instances, 'all rows'), pollingCost(costs, instances, 'changed rows')];
    say(`| ${instances} | ${5 * instances} | ${all.toFixed(3)} | ${changed.toFixed(3)} |`);
  }
  say(`\n${count(READS_PER_SECOND)} reads a second, one master fails`);
  say(
    '| instances | masters | budget of each | to Postgres | answered | refused | statements | names in each | processors |',
  );
  say(
    '| --------: | ------: | -------------: | ----------: | -------: | ------: | ---------: | ------------: | ---------: |',
  );
  for (const instances of INSTANCES) {
    for (const masters of MASTERS) {
      for (const budget of BUDGETS) {
        const found = storm(costs, instances, 1 / masters, budget);
        const given = budget === Infinity ? 'none' : count(budget);
        say(
          `| ${instances} | ${masters} | ${given} | ${count(found.missesPerSecond)} | ${count(found.answeredPerSecond)} ` +
            `| ${count(found.refusedPerSecond)} | ${count(found.statementsPerSecond)} ` +
            `| ${found.namesInStatement.toFixed(0)} | ${found.processors.toFixed(2)} |`,
        );
      }
    }
  }
}

const postgres = await startPostgres();
try {
  const url = await postgres.createDatabase('scale');
  await migrate(url);
  tell(await measurePostgres(url));
} finally {
  await postgres.stop();
}
