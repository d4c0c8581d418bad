import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type Direction = 'to server' | 'to client';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** What the network between a client and its server does. */
export type ProxyMode =
  | { readonly kind: 'pass' }
  /** Nobody listens: connections end, new ones are refused. */
  | { readonly kind: 'refuse' }
  /** Connections are accepted and kept, and every byte is lost. A connection that lost bytes never speaks again. */
  | { readonly kind: 'silent' }
  /** As silent, one way only. */
  | { readonly kind: 'half-open'; readonly lost: Direction }
  /** Bytes are held back, and arrive late once the mode changes: a network that heals before anybody gave up. */
  | { readonly kind: 'hold' }
  /** Bytes take longer, each way. */
  | { readonly kind: 'slow'; readonly latencyMs: number }
  /** Connections are reset, new ones too. */
  | { readonly kind: 'reset' };

/**
 * From and up to, but not that one: below what systems give to connections and to who asks for any port. A port of
 * theirs could be somebody else's when `refuse` ends.
 */
const PORTS = [20_000, 32_000] as const;
const PORT_ATTEMPTS = 20;

/** How long `refuse` may take to end: another process may have taken the port meanwhile, and give it back. */
const LISTEN_DEADLINE_MS = 5_000;
const LISTEN_RETRY_MS = 20;

/** A TCP proxy on a port of its own of 127.0.0.1, in front of one server. */
export class TcpProxy {
  #mode: ProxyMode = { kind: 'pass' };
  #listener: Server | null;
  readonly #links = new Set<Link>();
  #target: Target;
  /** Stays the same for the life of the proxy. */
  readonly port: number;

  private constructor(target: Target, listener: Server) {
    this.#target = target;
    this.#listener = listener;
    this.port = (listener.address() as AddressInfo).port;
    listener.on('connection', this.#accept);
  }

  static async start(target: Target): Promise<TcpProxy> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return new TcpProxy(target, await listening(randomInt(...PORTS)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  get mode(): ProxyMode {
    return this.#mode;
  }

  /** Connections that are open now, at one of their ends at least. */
  get connections(): number {
    return this.#links.size;
  }

  /** Changes the mode for connections that are open and for those to come; resolves when it holds. */
  async setMode(mode: ProxyMode): Promise<void> {
    this.#mode = mode;
    if (mode.kind === 'refuse') await this.#stopListening();
    else await this.#listen();
    for (const link of this.#links) link.enter(mode);
  }

  /** Connections to come go to another server, as behind a virtual address that moved; those that are open stay. */
  retarget(target: Target): void {
    this.#target = target;
  }

  async close(): Promise<void> {
    await this.#stopListening();
    await Promise.all(Array.from(this.#links, (link) => link.closed));
  }

  async #listen(): Promise<void> {
    const giveUpAt = performance.now() + LISTEN_DEADLINE_MS;
    while (this.#listener === null) {
      try {
        this.#listener = await listening(this.port);
        this.#listener.on('connection', this.#accept);
      } catch (error) {
        if (performance.now() > giveUpAt) throw error;
        await delay(LISTEN_RETRY_MS);
      }
    }
  }

  async #stopListening(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    if (listener === null) return;
    listener.close();
    // A listener closes after its connections.
    for (const link of this.#links) link.reset();
    await once(listener, 'close');
  }

  readonly #accept = (client: Socket): void => {
    const link = new Link(client, this.#target);
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
    link.enter(this.#mode);
  };
}

interface Delivery {
  /** By performance.now(). */
  readonly dueMs: number;
  readonly deliver: () => void;
}

/** One connection of a client and the one to the server that belongs to it. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  #mode: ProxyMode = { kind: 'pass' };
  /** A stream with a hole in it must not go on. */
  #lost: ReadonlySet<Direction> = new Set();
  /** What is still on its way, in order: nothing overtakes. */
  readonly #underway: Record<Direction, Delivery[]> = { 'to server': [], 'to client': [] };
  readonly #timers: Record<Direction, NodeJS.Timeout | undefined> = { 'to server': undefined, 'to client': undefined };

  /** Resolves when both ends are closed. */
  readonly closed: Promise<unknown>;

  constructor(client: Socket, target: Target) {
    this.#client = client;
    this.#server = connect({ ...target, allowHalfOpen: true });
    for (const socket of [client, this.#server]) {
      socket.setNoDelay(true);
      // 'close' follows, and tells the other end.
      socket.on('error', () => undefined);
    }
    this.#carry('to server', client, this.#server);
    this.#carry('to client', this.#server, client);
    this.closed = Promise.all(
      [client, this.#server].map((socket) => new Promise((done) => socket.once('close', done))),
    );
  }

  enter(mode: ProxyMode): void {
    this.#mode = mode;
    switch (mode.kind) {
      case 'refuse':
      case 'reset':
        this.reset();
        return;
      case 'hold':
        this.#client.pause();
        this.#server.pause();
        return;
      case 'silent':
      case 'half-open':
      case 'pass':
      case 'slow':
        this.#client.resume();
        this.#server.resume();
        // A FIN that was lost is sent again until it arrives.
        if (hasEnded(this.#server)) this.#end('to client');
        if (hasEnded(this.#client)) this.#end('to server');
    }
  }

  /** Ends both sides at once, the client's by RST unless its FIN is under way. */
  reset(): void {
    clearTimeout(this.#timers['to server']);
    clearTimeout(this.#timers['to client']);
    // While a FIN is being sent, Node cannot send an RST: it would tell so by an error and leave the socket open for ever.
    if (this.#client.writableEnded) this.#client.destroy();
    else this.#client.resetAndDestroy();
    this.#server.destroy();
  }

  #carry(direction: Direction, from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (this.#loses(direction)) {
        this.#lost = new Set([...this.#lost, direction]);
        return;
      }
      if (this.#lost.has(direction)) return;
      this.#pass(direction, () => {
        if (to.destroyed || to.write(bytes)) return;
        from.pause();
        to.once('drain', () => {
          if (this.#mode.kind !== 'hold') from.resume();
        });
      });
    });
    from.once('end', () => this.#end(direction));
    from.once('close', (failed: boolean) => {
      if (failed && !this.#loses(direction)) this.reset();
    });
  }

  #loses(direction: Direction): boolean {
    return this.#mode.kind === 'silent' || (this.#mode.kind === 'half-open' && this.#mode.lost === direction);
  }

  #end(direction: Direction): void {
    if (this.#loses(direction)) return;
    const to = direction === 'to server' ? this.#server : this.#client;
    this.#pass(direction, () => to.end());
  }

  #pass(direction: Direction, deliver: () => void): void {
    const underway = this.#underway[direction];
    const latencyMs = this.#mode.kind === 'slow' ? this.#mode.latencyMs : 0;
    if (latencyMs === 0 && underway.length === 0) {
      deliver();
      return;
    }
    underway.push({ dueMs: performance.now() + latencyMs, deliver });
    if (underway.length === 1) this.#deliverNext(direction);
  }

  #deliverNext(direction: Direction): void {
    const underway = this.#underway[direction];
    const [next] = underway;
    if (next === undefined) return;
    this.#timers[direction] = setTimeout(() => {
      underway.shift();
      next.deliver();
      this.#deliverNext(direction);
    }, next.dueMs - performance.now());
  }
}

function hasEnded(socket: Socket): boolean {
  return socket.readableEnded || socket.destroyed;
}

async function listening(port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
