/** What operators are given to watch the service with names nothing that is not there. */
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { CounterCalls } from '../support/counter-calls.js';
import { scrape, type Scrape } from '../support/scrape.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

const ROOT = new URL('../../', import.meta.url);

/** Where people read the pages of this repository. */
const PAGES = 'https://github.com/evercount/evercount/blob/main';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
let scraped: Scrape;

const service = withService({ env: { RECONCILE_INTERVAL_MS: '500' } });

beforeAll(async () => {
  await new CounterCalls(service.app.url).increment('a');
  await eventually(async () => {
    scraped = await scrape(service.app.url);
    const late = ['reconcile', 'history'].map((what) => `evercount_${what}_last_complete_timestamp_seconds`);
    const lag = scraped.get('evercount_batch_log_lag_seconds', { cursor: 'history' });
    return late.every((name) => scraped.get(name) !== undefined) && lag !== undefined;
  });
});

it.each(['docker/monitoring/alerts.yml', 'docker/monitoring/grafana/evercount.json'])(
  'each metric that %s names is there',
  async (path) => {
    const names = new Set((await read(path)).match(/\bevercount_\w+/g));
    const missing = [...names].filter((name) => !scraped.types.has(name.replace(/_(bucket|sum|count)$/, '')));
    expect(names.size).toBeGreaterThan(5);
    expect(missing).toEqual([]);
  },
);

it('each alert has a page that says what it means and what to do, and each page an alert', async () => {
  const alerts = [...(await read('docker/monitoring/alerts.yml')).matchAll(/^ +- alert: (\w+)$/gm)].map(
    ([, name]) => name,
  );
  const pages = (await readdir(new URL('docs/runbooks/', ROOT))).map((file) => file.replace('.md', ''));
  expect(pages.sort()).toEqual(alerts.sort());
  for (const name of pages) {
    const sections = [...(await read(`docs/runbooks/${name}.md`)).matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    expect([name, sections]).toEqual([name, ['Meaning', 'Impact', 'Diagnosis', 'Mitigation']]);
    expect(await read('docker/monitoring/alerts.yml')).toContain(`runbook_url: ${PAGES}/docs/runbooks/${name}.md\n`);
  }
});

it('each alert says what it asks, since when, whom it calls, and in a sentence what is the matter', async () => {
  const [, ...rules] = (await read('docker/monitoring/alerts.yml')).split(/^ +- alert: /m);
  for (const rule of rules) {
    const [name = '', ...lines] = rule.trimEnd().split('\n');
    const keys = lines.map((line) => /^ {8}(\w+):/.exec(line)?.[1]).filter((key) => key !== undefined);
    expect([name, keys.filter((key) => key !== 'for')]).toEqual([name, ['expr', 'labels', 'annotations']]);
    expect(rule).toMatch(/labels: \{ severity: (page|ticket) \}\n/);
    expect(rule).toMatch(/^ {10}summary: [A-Z].*\.$/m);
    const expression = /expr:([^]*?)^ {8}(?:for|labels):/m.exec(rule)?.[1] ?? '';
    for (const [open, close] of [
      ['(', ')'],
      ['[', ']'],
      ['{', '}'],
    ] as const) {
      expect([name, expression.split(open).length]).toEqual([name, expression.split(close).length]);
    }
  }
});

it('the names are those of Prometheus: one prefix, base units, and _total for what only rises', () => {
  for (const [name, type] of scraped.types) {
    if (!name.startsWith('evercount_')) continue;
    expect(name).toMatch(/^[a-z]+(_[a-z]+)+$/);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|kb|mb|percent)(_|$)/);
    if (name.includes('_duration')) expect(name).toMatch(/_seconds$/);
  }
});

it('a dashboard asks for labels that are there', async () => {
  const text = await read('docker/monitoring/grafana/evercount.json');
  const asked = [...text.matchAll(/ by \(([^)]+)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
  const known = new Set(scraped.samples.flatMap(({ labels }) => Object.keys(labels)));
  expect(asked.length).toBeGreaterThan(5);
  expect(asked.filter((label) => !known.has(label))).toEqual([]);
});

const panelsOf = async () => {
  const dashboard = JSON.parse(await read('docker/monitoring/grafana/evercount.json')) as {
    readonly panels: readonly {
      readonly title: string;
      readonly description?: string;
      readonly targets: readonly { readonly expr: string }[];
    }[];
    readonly templating: { readonly list: readonly { readonly name: string }[] };
  };
  return { panels: dashboard.panels, variables: dashboard.templating.list.map(({ name }) => name) };
};

it('each panel says what it shows, and is of the instances that were chosen', async () => {
  const { panels, variables } = await panelsOf();
  expect(variables).toEqual(['source', 'instance']);
  expect(panels.filter(({ description = '' }) => !/^[0-9A-Z`].*\.$/.test(description))).toEqual([]);
  const titles = panels.map(({ title }) => title);
  expect(titles).toEqual(expect.arrayContaining(['Hit ratio', 'Units of the guard']));
  const selectors = panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/evercount_\w+(\{[^}]*\})?/g)),
  );
  expect(selectors.filter((one) => one?.includes('instance=~"$instance"') !== true)).toEqual([]);
});

const promtool = (...args: readonly string[]) => spawnSync('promtool', args, { encoding: 'utf8' });
const whereItIs = promtool('--version').error === undefined ? it : it.skip;

it('each alert is rung by a test', async () => {
  const [alerts, tests] = await Promise.all(
    ['alerts.yml', 'alerts.test.yml'].map((name) => read(`docker/monitoring/${name}`)),
  );
  const names = [...(alerts ?? '').matchAll(/^ +- alert: (\w+)$/gm)].map(([, name]) => name);
  const rung = [...(tests ?? '').matchAll(/^ +- alertname: (\w+)\n +eval_time: .+\n +exp_alerts:\n/gm)].map(
    ([, name]) => name,
  );
  expect([...new Set(rung)].sort()).toEqual(names.sort());
});

whereItIs('the alerts ring when they should and not before, by promtool', () => {
  const of = (name: string): string => fileURLToPath(new URL(`docker/monitoring/${name}`, ROOT));
  expect(promtool('check', 'rules', of('alerts.yml'))).toMatchObject({ status: 0 });
  expect(promtool('test', 'rules', of('alerts.test.yml'))).toMatchObject({ status: 0 });
});
