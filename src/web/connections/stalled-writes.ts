import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { IS_BUN } from './runtime.js';

/** What is known of a connection that has something to take. */
interface Waiting {
  takenBytes: number;
  looks: number;
}

/** Finds clients that take nothing of what was written to them: what is kept for them would be kept for ever. */
export class StalledWrites {
  private readonly waiting = new WeakMap<Socket, Waiting>();

  /** @param looks after how many in a row without a byte taken a connection counts as stalled */
  constructor(private readonly looks: number) {}

  /**
   * Looks at a connection. Looks are counted instead of time: while this process is held up, it cannot see what is taken.
   *
   * @returns whether it is stalled
   */
  look(socket: Socket): boolean {
    if (waitingOn(socket) === 0) {
      this.waiting.delete(socket);
      return false;
    }
    const takenBytes = takenOf(socket);
    const waiting = this.waiting.get(socket);
    if (waiting?.takenBytes !== takenBytes) {
      this.waiting.set(socket, { takenBytes, looks: 0 });
      return false;
    }
    waiting.looks += 1;
    return waiting.looks >= this.looks;
  }
}

/** Bytes that wait for the client. On Bun the answer under way keeps them, and its socket knows of none. */
function waitingOn(socket: Socket): number {
  if (!IS_BUN) return socket.writableLength;
  const { _httpMessage: answer } = socket as unknown as { readonly _httpMessage?: ServerResponse | null };
  return answer?.writableLength ?? 0;
}

/**
 * Bytes that the kernel took. Only the handle knows how much of a write that is under way: Node's own timeout of a
 * socket asks it too, and cannot be used, since every byte that the client sends would put it off.
 */
function takenOf(socket: Socket): number {
  if (IS_BUN) return socket.bytesWritten - waitingOn(socket);
  const { _handle: handle } = socket as unknown as {
    readonly _handle: { readonly bytesWritten: number; readonly writeQueueSize: number } | null;
  };
  return handle === null ? 0 : handle.bytesWritten - handle.writeQueueSize;
}
