import { Redis } from 'ioredis';
import type { Home } from './home.js';
import { reaching } from './reaching.js';
import { keepConnecting, PROMPT } from './redis-client.js';

/** All instances that use one Redis, whatever the number of their database: a message says itself whose it is. */
export const CHANNEL = 'evercount:changes';

/** Listeners are counted this often; until then an instance that just began to listen lives by looking at Postgres. */
const LOOK_INTERVAL_MS = 1_000;

/** A Redis that needs longer is as good as away. */
const COMMAND_TIMEOUT_MS = 500;

/** What somebody who listens is told. */
export interface ChannelListener {
  /** A message of any instance, this one included. */
  readonly message: (text: string) => void;
  /** Messages began to arrive, or do not arrive any more. */
  readonly turned: () => void;
}

/**
 * Tells other instances of changes, through Redis' publish and subscribe. Messages may be lost at any time; nothing
 * that must be right depends on them. Its connections are its own, and the second one is there only while this instance
 * listens. A server of a cluster counts those who listen to itself alone: so all meet at one, which would have the channel
 * if it were a key, and move on together.
 */
export class ChangeChannel {
  private sender: Redis | null = null;
  private receiver: Redis | null = null;
  private listener: ChannelListener | null = null;
  private subscribed = false;
  private listeners = 0;
  private sending = false;
  private ended = false;
  private readonly looking: NodeJS.Timeout;

  constructor(private readonly home: Home) {
    this.sender = this.connect('evercount-changes');
    home.onMove(() => this.move());
    this.looking = setInterval(() => void this.look(), LOOK_INTERVAL_MS).unref();
  }

  /** Whether another instance listens, as far as is known: a second may pass until the first one is noticed. */
  get othersListen(): boolean {
    return this.listeners > (this.subscribed ? 1 : 0);
  }

  /** Whether messages of other instances arrive here. */
  get isLive(): boolean {
    return this.subscribed;
  }

  /** Sends a message, unless Redis is away or still busy with the one before. */
  async send(text: string): Promise<void> {
    if (this.sending || this.sender?.status !== 'ready') return;
    this.sending = true;
    try {
      this.listeners = await this.sender.publish(CHANNEL, text);
    } catch {
      // Lost: who listens finds the changes by looking.
    } finally {
      this.sending = false;
    }
  }

  /** Begins to listen; there is one listener at a time. */
  open(listener: ChannelListener): void {
    this.close();
    this.listener = listener;
    const receiver = this.connect('evercount-changes-listener');
    if (receiver === null) return;
    this.receiver = receiver;
    const turn = (subscribed: boolean): void => {
      if (this.receiver !== receiver || this.subscribed === subscribed) return;
      this.subscribed = subscribed;
      listener.turned();
    };
    receiver.on('ready', () => {
      // Without a subscription the connection is of no use: the next one tries again.
      receiver.subscribe(CHANNEL).then(
        () => turn(true),
        () => receiver.disconnect(true),
      );
    });
    receiver.on('close', () => turn(false));
    receiver.on('message', (_channel: string, text: string) => listener.message(text));
  }

  /** Ends listening. */
  close(): void {
    this.receiver?.disconnect();
    this.receiver = null;
    this.listener = null;
    this.subscribed = false;
  }

  /** Ends every connection without waiting for anything. */
  end(): void {
    clearInterval(this.looking);
    this.ended = true;
    this.close();
    const { sender } = this;
    this.sender = null;
    sender?.disconnect();
  }

  private move(): void {
    if (this.ended) return;
    this.sender?.disconnect();
    this.sender = this.connect('evercount-changes');
    const { listener, subscribed } = this;
    if (listener === null) return;
    this.open(listener);
    if (subscribed) listener.turned();
  }

  private async look(): Promise<void> {
    await Promise.all([this.countListeners(), this.probeReceiver()]);
  }

  private async countListeners(): Promise<void> {
    try {
      const [, count] = (await this.sender?.pubsub('NUMSUB', CHANNEL)) ?? [];
      this.listeners = Number(count ?? 0);
    } catch {
      this.listeners = 0;
    }
  }

  /** A connection that only listens would not notice that its other end has fallen silent. */
  private async probeReceiver(): Promise<void> {
    const { receiver } = this;
    if (receiver === null || !this.subscribed) return;
    await receiver.ping().catch(() => receiver.disconnect(true));
  }

  private connect(name: string): Redis | null {
    if (this.home.found === null) return null;
    const client = new Redis(
      ...reaching(this.home.found, {
        ...PROMPT,
        autoResubscribe: false,
        commandTimeout: COMMAND_TIMEOUT_MS,
        connectionName: name,
      }),
    );
    // Told by its consequences; without a listener every failed attempt would be printed.
    client.on('error', () => undefined);
    keepConnecting(client, () => client === this.sender || client === this.receiver);
    return client;
  }
}
