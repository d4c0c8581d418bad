import type { Socket } from 'node:net';
import { MAX_UNTAKEN_BYTES, MAX_UNTAKEN_BYTES_OF_ALL } from './limits.js';

/** What clients did not take of their answers, over all connections. */
export class UntakenBytes {
  private readonly waiting = new Set<Socket>();

  /** Notes a connection whose client has not taken all; whether that is more than can be kept, of it or of all. */
  isTooMuch(socket: Socket): boolean {
    this.waiting.add(socket);
    if (socket.writableLength > MAX_UNTAKEN_BYTES) return true;
    let bytes = 0;
    for (const { writableLength } of this.waiting) bytes += writableLength;
    return bytes > MAX_UNTAKEN_BYTES_OF_ALL;
  }

  /** It has taken all, or is closed. */
  forget(socket: Socket): void {
    this.waiting.delete(socket);
  }
}
