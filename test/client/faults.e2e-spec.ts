import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Evercount } from '../../client/src/evercount.js';
import { eventually } from '../support/eventually.js';
import { heldFetch } from '../support/held-fetch.js';
import { withService } from '../support/service.js';

const CLIENTS = 20;
/** When Postgres crashes, as parts of the work: a slow machine gets as far between two crashes as a fast one. */
const CRASHES_AFTER = [0.3, 0.7];
/** For a single increment: many recoveries of Postgres on a busy machine. */
const DEADLINE_MS = 60_000;
/** How much of what passes is lost together with its connection; as much gets through just before the connection dies. */
const LOST = 0.1;

const service = withService({ ownPostgres: true, ending: () => proxy.stop() });
let proxy: CuttingProxy;
beforeAll(async () => {
  proxy = await CuttingProxy.before(service.app.url);
});

describe('over connections that are cut at random moments, while Postgres crashes', () => {
  it.each([
    // How many by each client one after the other.
    ['sent alone', 0, 25],
    ['gathered', 5, 100],
  ])('every increment counts exactly once, %s', async (way, gatherMs, each) => {
    const name = `cut ${way}`;
    const shared = new Evercount({
      url: proxy.url,
      gatherMs,
      fetch: heldFetch,
      retry: { deadlineMs: DEADLINE_MS, longestWaitMs: 500 },
    });
    const total = CLIENTS * each;
    const versions = new Set<number>();
    let replays = 0;
    const cutsBefore = proxy.cuts;
    const clients = Array.from({ length: CLIENTS }, async () => {
      for (let done = 0; done < each; done += 1) {
        const { version, replayed } = await shared.increment(name);
        versions.add(version);
        if (replayed) replays += 1;
      }
    });
    const crashes = (async () => {
      for (const part of CRASHES_AFTER) {
        await eventually(() => versions.size >= part * total, DEADLINE_MS);
        await service.postgres.restartImmediately();
      }
    })();
    // To the end also when one fails: nothing may touch Postgres after this test.
    const ends = await Promise.allSettled([...clients, crashes]);
    expect(ends.filter(({ status }) => status === 'rejected')).toEqual([]);

    const { value } = await new Evercount({ url: service.app.url, fetch: heldFetch }).read(name, {
      consistency: 'strong',
    });
    expect({ value, versions: versions.size }).toEqual({ value: total, versions: total });
    expect(proxy.cuts).toBeGreaterThan(cutsBefore);
    // Answers were lost after the commit: this is what the keys are for.
    expect(replays).toBeGreaterThan(0);
  });
});

/** Passes requests and answers on, and cuts connections before, during and after the service's work. */
class CuttingProxy {
  cuts = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly target: URL,
    private readonly server: Server = createServer((socket) => this.pass(socket)),
  ) {}

  static async before(url: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(new URL(url));
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(client: Socket): void {
    const upstream = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        const lost = Math.random() < LOST;
        if (!lost) to.write(bytes);
        if (lost || Math.random() < LOST) this.cut(client);
      });
    }
  }

  private cut(client: Socket): void {
    this.cuts += 1;
    client.destroy();
  }
}
