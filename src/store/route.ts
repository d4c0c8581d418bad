import { once } from 'node:events';
import pg from 'pg';
import { databaseHosts } from '../config/database-hosts.js';
import { answerOf } from './database-host.js';
import { type Primary, PrimaryFinder } from './primary-finder.js';

/** A primary that was replaced while it hangs breaks no connection: so often the others are asked. */
const WATCH_INTERVAL_MS = 1_000;

/** While none is open, as at a start that finds no primary, the servers are asked again over the same connections. */
const LINGER_MS = 10_000;

/** Where sessions of one URL lead to, in this process, and those that are open. */
export interface Route {
  /** For `pg.Client`: any one host, since which one it will be is found when it connects. */
  readonly connectionString: string;
  /** For a `pg.Pool`, and for TypeORM's. */
  readonly Client: typeof pg.Client;
  /** Breaks the sessions that are open; what runs on them fails, and is not known to be committed or not. */
  drop(): void;
}

/** One for each URL: what was seen of its servers holds for all sessions of the process. */
const routes = new Map<string, Route>();

/** The way to the servers of a URL, the same for all who ask in this process. */
export function routeOf(url: string): Route {
  const route = routes.get(url) ?? newRoute(databaseHosts(url));
  routes.set(url, route);
  return route;
}

function newRoute([first, ...others]: readonly [string, ...string[]]): Route {
  const open = others.length === 0 ? new OpenSessions() : new FollowingSessions(new PrimaryFinder([first, ...others]));
  return { connectionString: first, Client: open.Client, drop: () => open.drop(() => true) };
}

/** The sessions of one server, or of an address behind which somebody else chooses it. */
class OpenSessions {
  protected readonly open = new Map<pg.Client, Primary | null>();
  readonly Client: typeof pg.Client = clientOf(this);

  /** Breaks connections off, by the primary that each leads to: what runs on them fails. */
  drop(which: (primary: Primary | null) => boolean): void {
    for (const [client, primary] of this.open) {
      if (which(primary)) client.connection.stream.destroy();
    }
  }

  /** @param connect to the host that the client names */
  async add(client: pg.Client, connect: () => Promise<unknown>): Promise<void> {
    client.once('end', () => this.open.delete(client));
    await connect();
    this.open.set(client, null);
  }
}

/** The sessions of the primary among several servers, which end when another one takes its place. */
class FollowingSessions extends OpenSessions {
  /** Clients that are open, or being opened. */
  private readonly clients = new Set<pg.Client>();
  private watch: NodeJS.Timeout | null = null;
  private closing: NodeJS.Timeout | undefined;

  constructor(private readonly finder: PrimaryFinder) {
    super();
  }

  override async add(client: pg.Client, connect: () => Promise<unknown>): Promise<void> {
    this.begin(client);
    client.once('end', () => this.end(client));
    try {
      const { host } = await this.findFor(client);
      // The name is also the one that the server's certificate is for.
      Object.assign(client, { host: host.host, port: host.port });
      await connect();
      this.follow(this.finder.accept(host, await answerOf(client)), client);
    } catch (error) {
      client.connection.stream.destroy();
      this.end(client);
      throw error;
    }
  }

  private findFor(client: pg.Client): Promise<Primary> {
    const { stream } = client.connection;
    const givenUp = once(stream, 'close').then(() => Promise.reject(new Error('given up before a primary was found')));
    return Promise.race([this.finder.find(), givenUp]);
  }

  private follow(primary: Primary, client: pg.Client | null): void {
    if (client !== null && this.clients.has(client)) this.open.set(client, primary);
    this.drop((other) => other?.host !== primary.host || other.timeline < primary.timeline);
  }

  private begin(client: pg.Client): void {
    this.clients.add(client);
    clearTimeout(this.closing);
    this.watch ??= setInterval(() => {
      // That there is none right now is told to whoever connects.
      this.finder.find().then(
        (primary) => this.follow(primary, null),
        () => undefined,
      );
    }, WATCH_INTERVAL_MS).unref();
  }

  private end(client: pg.Client): void {
    this.clients.delete(client);
    this.open.delete(client);
    if (this.clients.size > 0 || this.watch === null) return;
    clearInterval(this.watch);
    this.watch = null;
    this.closing = setTimeout(() => this.finder.close(), LINGER_MS).unref();
  }
}

type Connected = ((error: Error) => void) & ((error: null, client: pg.Client) => void);

function clientOf(sessions: OpenSessions): typeof pg.Client {
  return class extends pg.Client {
    override connect(): Promise<pg.Client>;
    override connect(connected: Connected): void;
    override connect(connected?: Connected): Promise<pg.Client> | undefined {
      // Until a pool listens: the query on a connection that breaks fails, and that is enough.
      this.on('error', () => undefined);
      const connecting = sessions.add(this, () => super.connect()).then(() => this as pg.Client);
      if (connected === undefined) return connecting;
      // Not within the promise: what the callback throws is none of its errors.
      connecting.then(
        (client) => process.nextTick(connected, null, client),
        (error: unknown) => process.nextTick(connected, error),
      );
      return undefined;
    }
  };
}
