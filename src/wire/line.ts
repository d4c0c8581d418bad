import type { Socket } from 'node:net';
import { placeOf } from '../config/address.js';
import { DROPPED_MS, MAX_UNANSWERED, MAX_UNANSWERED_BYTES, STALLED_MS } from './limits.js';
import type { UntakenBytes } from './untaken-bytes.js';

/** What a protocol makes of one connection. */
export interface Talk {
  /** Bytes came; what they ask for is answered by `Line.write`, in order. */
  read(bytes: Buffer): void;
  /** Commands that were accepted and are not answered yet, and their bytes. */
  readonly unanswered: number;
  readonly unansweredBytes: number;
  /** The connection is gone: nobody hears what is answered. */
  closed(): void;
}

/** One connection of a line protocol: reads no more than it can answer, and keeps no more than its client takes. */
export class Line {
  private out = '';
  private talk: Talk | null = null;
  private state: 'open' | 'draining' | 'ended' = 'open';
  /** From when on what still comes is not dropped any more, but cut off, by the monotonic clock. */
  private cutFromMs = Infinity;

  /**
   * @param address of the other side
   * @param reset closes it, and what the kernel keeps for it goes too
   */
  constructor(
    private readonly socket: Socket,
    readonly address: string,
    private readonly untaken: UntakenBytes,
    private readonly reset: () => void,
  ) {}

  /** Where the other side is, as Redis writes it. */
  get peer(): string {
    return endOf(this.socket.remoteAddress, this.socket.remotePort);
  }

  /** Where this side is. */
  get local(): string {
    return endOf(this.socket.localAddress, this.socket.localPort);
  }

  /** Hands what comes to a protocol, from now on. */
  open(talk: Talk): void {
    this.talk = talk;
    const { socket, untaken } = this;
    socket.on('data', (bytes: Buffer) => {
      if (this.state === 'ended') {
        if (performance.now() > this.cutFromMs) socket.destroy();
        return;
      }
      talk.read(bytes);
      this.restrain();
    });
    socket.on('drain', () => {
      untaken.forget(socket);
      socket.setTimeout(0);
    });
    // Whoever closed his side still gets what he asked for before.
    socket.on('end', () => this.drain());
    // Set only while there is something to take.
    socket.on('timeout', () => socket.destroy());
    socket.once('close', () => {
      untaken.forget(socket);
      talk.closed();
    });
    // `close` follows.
    socket.on('error', () => undefined);
  }

  /** Keeps an answer until `flush`; each character is a byte. */
  write(answer: string): void {
    this.out += answer;
  }

  /** Sends what was answered so far, all with one write, and reads on where there is room again. */
  flush(): void {
    const { socket, out } = this;
    if (out !== '' && this.state !== 'ended') {
      this.out = '';
      if (!socket.write(out, 'latin1') && !socket.destroyed) {
        // Otherwise the kernel would go on keeping what nobody takes.
        if (this.untaken.isTooMuch(socket)) this.reset();
        else socket.setTimeout(STALLED_MS);
      }
    }
    this.restrain();
  }

  /** Sends what was answered, and closes. */
  end(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.socket.end(this.out, 'latin1');
    this.out = '';
    // What still comes is read and dropped, or a reset would take the last answer away.
    this.socket.resume();
    this.socket.setTimeout(STALLED_MS);
    this.cutFromMs = performance.now() + DROPPED_MS;
  }

  /** Closes without a word. */
  cut(): void {
    this.state = 'ended';
    this.socket.destroy();
  }

  /** Takes nothing more in, and ends once what was accepted is answered. */
  drain(): void {
    if (this.state === 'open') this.state = 'draining';
    this.restrain();
  }

  private restrain(): void {
    const { socket, talk } = this;
    if (this.state === 'ended' || talk === null) return;
    if (this.state === 'draining') {
      if (talk.unanswered === 0) this.end();
      else socket.pause();
      return;
    }
    const isFull = talk.unanswered >= MAX_UNANSWERED || talk.unansweredBytes >= MAX_UNANSWERED_BYTES;
    if (isFull === socket.isPaused()) return;
    if (isFull) socket.pause();
    else socket.resume();
  }
}

/** Nothing where the connection is gone. */
function endOf(host: string | undefined, port: number | undefined): string {
  return host === undefined || port === undefined ? '' : placeOf({ host, port });
}
