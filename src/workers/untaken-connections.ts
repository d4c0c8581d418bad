import type { Worker as Forked } from 'node:cluster';

/** A connection as Node hands it to a worker. */
interface Handle {
  close(): void;
}

/** What Node's cluster tells a worker, or hears of it. */
interface Internal {
  readonly act?: unknown;
  readonly seq?: number;
  readonly ack?: number;
}

/**
 * Closes the connections that a worker was handed and had not taken when it ended: Node leaves them open in this process,
 * and their clients would wait for ever.
 */
export function closeUntaken(forked: Forked): void {
  const untaken = new Map<number, Handle>();
  const { process } = forked;
  const send = process.send.bind(process) as (...sent: readonly unknown[]) => boolean;
  process.send = (...sent: readonly unknown[]): boolean => {
    const [message, handle] = sent as readonly [Internal, Handle | undefined];
    if (message.act === 'newconn' && message.seq !== undefined && handle !== undefined) {
      untaken.set(message.seq, handle);
    }
    return send(...sent);
  };
  process.on('internalMessage', ({ ack }: Internal) => {
    if (ack !== undefined) untaken.delete(ack);
  });
  forked.once('exit', () => {
    for (const handle of untaken.values()) handle.close();
  });
}
