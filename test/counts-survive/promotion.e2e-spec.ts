/** The primary dies under load and the synchronous standby takes over: nothing that was acknowledged is lost or doubled. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from '@jest/globals';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withRedis } from '../support/service.js';
import { type PrimaryWithStandby, startPrimaryWithStandby } from '../support/standby.js';

const INSTANCES = 2;
const WRITERS = 8;
const COUNTERS = 4;

/** Before the primary dies, and after the standby has taken over. */
const ACKNOWLEDGED = 200;

const servers = withRedis({
  ending: async () => {
    await Promise.all(apps.map((app) => app.stop()));
    await pair.stop();
  },
});
let pair: PrimaryWithStandby;
let apps: AppProcess[];

beforeAll(async () => {
  pair = await startPrimaryWithStandby({ synchronous: true });
  const both = pair.primary.url.replace(/@.*?\//, `@127.0.0.1:${pair.standby.port},127.0.0.1:${pair.primary.port}/`);
  const databaseUrl = `${both}${both.includes('?') ? '&' : '?'}target_session_attrs=read-write`;
  const start = () => startAppProcess({ databaseUrl, redisUrl: servers.redis.url });
  apps = [];
  while (apps.length < INSTANCES) apps.push(await start());
});

/** Increments with keys and without, until told to stop. */
class Load {
  acknowledged = 0;
  private stopped = false;
  /** By counter: increments that were acknowledged, and others of which nobody knows. */
  readonly counted = new Map<string, { certain: number; unknown: number }>();

  constructor(private readonly calls: readonly CounterCalls[]) {}

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.write(writer)));
  }

  stop(): void {
    this.stopped = true;
  }

  private async write(writer: number): Promise<void> {
    for (let turn = 0; !this.stopped; turn += 1) {
      const name = `counter ${(writer + turn) % COUNTERS}`;
      const counted = this.counted.get(name) ?? { certain: 0, unknown: 0 };
      this.counted.set(name, counted);
      if (writer % 2 === 0) await this.withKey(name, counted);
      else await this.withoutKey(name, counted);
    }
  }

  /** A key settles it, wherever it is asked. */
  private async withKey(name: string, counted: { certain: number }): Promise<void> {
    const key = randomUUID();
    let tries = 0;
    await eventually(async () => {
      tries += 1;
      return (await this.callsOf(tries).increment(name, 1, { key })).status === 200;
    });
    counted.certain += 1;
    this.acknowledged += 1;
  }

  private async withoutKey(name: string, counted: { certain: number; unknown: number }): Promise<void> {
    const { status, body } = await this.callsOf(this.acknowledged).increment(name);
    if (status === 200) {
      counted.certain += 1;
      this.acknowledged += 1;
    } else if ((body as unknown as { code: string }).code === 'outcome_unknown') counted.unknown += 1;
  }

  private callsOf(turn: number): CounterCalls {
    const calls = this.calls[turn % this.calls.length];
    if (calls === undefined) throw new Error('there are instances');
    return calls;
  }
}

it('what was acknowledged by either instance is there after the promotion, once', async () => {
  const calls = apps.map(({ url }) => new CounterCalls(url));
  const load = new Load(calls);
  const running = load.run();
  await eventually(() => load.acknowledged >= ACKNOWLEDGED);
  await pair.primary.kill();
  await pair.standby.promote();
  const before = load.acknowledged;
  await eventually(() => load.acknowledged >= before + ACKNOWLEDGED);
  load.stop();
  await running;
  for (const [name, { certain, unknown }] of load.counted) {
    for (const each of calls) {
      const { value } = (await each.read(name, '?consistency=strong')).body;
      expect([name, value >= certain, value <= certain + unknown]).toEqual([name, true, true]);
      expect((await each.read(name)).body.value).toBe(value);
    }
  }
});
