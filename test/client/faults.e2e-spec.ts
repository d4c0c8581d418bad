import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Evercount } from '../../client/src/evercount.js';
import { startPostgres, type TestPostgres } from '../support/servers.js';
import { RealService } from './real-service.js';

/** Clients, and increments by each of them one after the other. */
const CLIENTS = 20;
const INCREMENTS = 25;
/** Long enough for some requests to get through, short enough that most connections die with one under way. */
const LONGEST_LIFE_MS = 60;

let postgres: TestPostgres;
let service: RealService;
let proxy: CuttingProxy;
beforeAll(async () => {
  postgres = await startPostgres();
  service = await RealService.start(await postgres.createDatabase('faults'));
  proxy = await CuttingProxy.before(service.url);
}, 60_000);
afterAll(async () => {
  await proxy.stop();
  await service.stop();
  await postgres.stop();
});

describe('over connections that are cut at random moments, while Postgres crashes', () => {
  it.each([
    ['sent alone', 0],
    ['gathered', 5],
  ])(
    'every increment counts exactly once, %s',
    async (way, gatherMs) => {
      const name = `cut ${way}`;
      const shared = new Evercount({ url: proxy.url, gatherMs, retry: { deadlineMs: 60_000, longestWaitMs: 500 } });
      const finished = new AbortController();
      const crashes = (async () => {
        let times = 0;
        while (!finished.signal.aborted) {
          await sleep(1_000);
          await postgres.restartImmediately();
          times += 1;
        }
        return times;
      })();
      const cutsBefore = proxy.cuts;

      const versions = new Set<number>();
      const clients = Array.from({ length: CLIENTS }, async () => {
        for (let done = 0; done < INCREMENTS; done += 1) versions.add((await shared.increment(name)).version);
      });
      await Promise.all(clients);
      finished.abort();
      expect(await crashes).toBeGreaterThan(0);

      const { value } = await new Evercount({ url: service.url }).read(name, { consistency: 'strong' });
      expect({ value, versions: versions.size }).toEqual({
        value: CLIENTS * INCREMENTS,
        versions: CLIENTS * INCREMENTS,
      });
      expect(proxy.cuts).toBeGreaterThan(cutsBefore);
    },
    120_000,
  );
});

/** Passes bytes on to a service, and cuts each connection at a random moment. */
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
    const cut = setTimeout(() => {
      this.cuts += 1;
      client.destroy();
    }, Math.random() * LONGEST_LIFE_MS);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        clearTimeout(cut);
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
