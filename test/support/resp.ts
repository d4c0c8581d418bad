/** Bytes of the Redis protocol as no client library would send them, and what comes back. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { eventually } from './eventually.js';

export interface RawResp {
  readonly socket: Socket;
  /** Everything that came so far; each character is a byte. */
  received(): string;
  /** Whether the server has closed. */
  isClosed(): boolean;
  send(bytes: string | Buffer): void;
  /** Sends, and settles with what came since when it ends so. */
  ask(bytes: string | Buffer, end: string | RegExp): Promise<string>;
  close(): void;
}

/** @param tls for a port that speaks it */
export function connectRaw(port: number, tls?: ConnectionOptions): Promise<RawResp> {
  return new Promise((resolve, reject) => {
    let received = '';
    let closed = false;
    const to = { host: '127.0.0.1', port };
    const isOpen = (): void =>
      resolve({
        socket,
        received: () => received,
        isClosed: () => closed,
        send: (bytes) => void socket.write(bytes),
        ask: async (bytes, end) => {
          const from = received.length;
          socket.write(bytes);
          const ends = (text: string): boolean => (typeof end === 'string' ? text.endsWith(end) : end.test(text));
          await eventually(() => ends(received.slice(from)));
          return received.slice(from);
        },
        close: () => socket.destroy(),
      });
    const socket = tls === undefined ? connect(to, isOpen) : connectTls({ ...to, ...tls }, isOpen);
    socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => (closed = true));
  });
}

/** A command as clients send it. */
export function command(...args: readonly (string | number)[]): string {
  const parts = args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`);
  return `*${args.length}\r\n${parts.join('')}`;
}
