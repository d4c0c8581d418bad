import { beforeEach, expect, it } from '@jest/globals';
import type { ChangeChannel } from '../../cache/change-channel.js';
import type { Counter } from '../../domain/counter.js';
import { Clock } from '../clock.js';
import type { CacheGuard } from '../guard/cache-guard.js';
import { Changes } from './changes.js';

/** A database, and another one in its place. */
class Databases {
  database = 'first';
  private listener: () => void = () => undefined;

  onOtherDatabase(listener: () => void): void {
    this.listener = listener;
  }

  replace(): void {
    this.database = 'second';
    this.listener();
  }
}

class Channel {
  readonly othersListen = true;
  readonly sent: string[] = [];

  open(): void {
    // Nothing comes.
  }

  close(): void {
    // Nothing came.
  }

  send(message: string): Promise<void> {
    this.sent.push(message);
    return Promise.resolve();
  }
}

let databases: Databases;
let channel: Channel;
let changes: Changes;
let told: number[];

beforeEach(() => {
  databases = new Databases();
  channel = new Channel();
  changes = new Changes(channel as unknown as ChangeChannel, databases as unknown as CacheGuard, new Clock());
  told = [];
  changes.listen({
    changed: (news) => told.push(...news.map(({ version }) => version)),
    turned: () => undefined,
  });
});

const counter = (version: number): Counter => ({
  name: 'votes',
  value: version,
  version,
  min: null,
  max: null,
  expiresAt: null,
  createdAt: new Date(0).toISOString(),
  updatedAt: new Date(0).toISOString(),
});

async function untilTold(): Promise<void> {
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

it('what was sent to a database before, or gathered of it, is told as a change of the next one to nobody', async () => {
  const sentAtMs = performance.now();
  changes.note([counter(5)], sentAtMs);
  databases.replace();
  changes.note([counter(6)], sentAtMs);
  changes.note([counter(4)], performance.now());
  await untilTold();
  expect(told).toEqual([4]);
  expect(channel.sent.map((message) => message.split('\n')[0])).toEqual(['second']);
});
