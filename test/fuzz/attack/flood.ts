/** Many connections from one address that ask without a pause, as fast as they are answered. */
import { connect, type Socket } from 'node:net';

/** Where attackers come to, and from where. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** That of the Redis protocol. */
  readonly respPort: number;
}

/** How an answer begins, and which of the characters after it say how it went. */
export interface Protocol {
  readonly beginOfAnswer: string;
  readonly port: (target: Target) => number;
}

/** Bodies of this service do not hold it. */
export const HTTP: Protocol = { beginOfAnswer: 'HTTP/1.1 ', port: ({ port }) => port };

/** Of answers of one line each. What each of them says is not looked at. */
export const RESP: Protocol = { beginOfAnswer: '\r\n', port: ({ respPort }) => respPort };

/** What is sent next on a connection, and how many answers it must bring before there is more. */
export interface Shot {
  readonly bytes: string | Buffer;
  readonly answers: number;
}

/** Whoever is hung up on comes back at once; not in the same moment, or nothing else would be done. */
const RECONNECT_MS = 20;

/** Answers by status; -1: hung up on. */
export type Tally = Record<number, number>;

export class Flood {
  readonly tally: Tally = {};
  private readonly open = new Set<Socket>();

  /**
   * @param connections as many as one address may have, or fewer
   * @param next of each connection in turn; null: it says nothing more, and keeps the connection
   */
  constructor(
    private readonly target: Target,
    private readonly connections: number,
    private readonly next: () => Shot | null,
    private readonly protocol: Protocol = HTTP,
  ) {}

  begin(): void {
    for (let connection = 0; connection < this.connections; connection += 1) this.connect();
  }

  private connect(): void {
    // From the address that it comes to: one of this machine that is no loopback.
    const { host } = this.target;
    const { beginOfAnswer } = this.protocol;
    const socket = connect({ host, port: this.protocol.port(this.target), localAddress: host });
    this.open.add(socket);
    let awaited = 0;
    let rest = '';
    const shoot = (): void => {
      const shot = this.next();
      awaited = shot?.answers ?? Infinity;
      if (shot !== null) socket.write(shot.bytes);
    };
    socket.setNoDelay(true);
    socket.once('connect', shoot);
    socket.on('data', (chunk) => {
      const parts = (rest + chunk.toString('latin1')).split(beginOfAnswer);
      rest = (parts.at(-1) ?? '').slice(-beginOfAnswer.length);
      for (const part of parts.slice(1)) this.count(Number(part.slice(0, 3)) || 0);
      awaited -= parts.length - 1;
      if (awaited <= 0) shoot();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.open.delete(socket);
      this.count(-1);
      setTimeout(() => this.connect(), RECONNECT_MS);
    });
  }

  private count(status: number): void {
    this.tally[status] = (this.tally[status] ?? 0) + 1;
  }
}
