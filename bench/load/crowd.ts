/**
 * Holds connections, in a process of its own: what they keep on this side must not be counted. Told what to do by the
 * messages of crowds.ts, each of which it answers once it is done.
 */
import { connect, type Socket } from 'node:net';

/** How a connection begins. */
export interface Plan {
  readonly port: number;
  /** Addresses of loopback, taken in turns: one of them has some 28,000 ports. */
  readonly addresses: readonly string[];
  readonly ask: Ask;
}

/** A request, and how its answer is known to be whole. */
export interface Ask {
  /** `#` stands for the number of the connection. */
  readonly request: string;
  /** The source of a pattern. */
  readonly answer: string;
}

export type Order =
  | { readonly kind: 'open'; readonly plan: Plan; readonly count: number }
  /** By so many of the connections; done once it is sent. */
  | { readonly kind: 'send'; readonly ask: Ask; readonly count: number }
  /** Done once all that was sent is answered. */
  | { readonly kind: 'answers' }
  | { readonly kind: 'close' };

/** What has become of an order. */
export interface Done {
  readonly open: number;
  /** Connections that ended before they were answered. */
  readonly failed: number;
}

/** Connections that are begun at once. */
const AT_ONCE = 128;

const open = new Set<Socket>();
let failed = 0;
let sent: Promise<unknown> = Promise.resolve();

/** Settles when an answer is whole; what comes afterwards, as on a stream, is dropped. */
function answered(socket: Socket, pattern: RegExp): Promise<void> {
  return new Promise((resolve) => {
    let text = '';
    const take = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (pattern.test(text)) settle();
    };
    const settle = (): void => {
      socket.off('data', take).off('close', fail);
      socket.resume();
      resolve();
    };
    const fail = (): void => {
      failed += 1;
      settle();
    };
    socket.on('data', take).once('close', fail);
  });
}

async function openOne({ port, addresses, ask }: Plan, index: number): Promise<void> {
  const localAddress = addresses[index % addresses.length] ?? '';
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  // `close` follows.
  socket.on('error', () => undefined);
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  const whole = answered(socket, new RegExp(ask.answer, 's'));
  socket.write(ask.request.replaceAll('#', String(index)));
  await whole;
}

async function openMany(plan: Plan, count: number): Promise<void> {
  const first = open.size;
  const indexes = Array.from({ length: count }, (_, index) => first + index).values();
  const opener = async (): Promise<void> => {
    for (const index of indexes) await openOne(plan, index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, opener));
}

async function send({ request, answer }: Ask, count: number): Promise<void> {
  const sockets = [...open].slice(0, count);
  const pattern = new RegExp(answer, 's');
  sent = Promise.all(sockets.map((socket) => answered(socket, pattern)));
  const write = (socket: Socket, index: number): Promise<void> =>
    new Promise((resolve) => socket.write(request.replaceAll('#', String(index)), () => resolve()));
  await Promise.all(sockets.map(write));
}

async function closeAll(): Promise<void> {
  const closing = [...open].map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy()));
  await Promise.all(closing);
}

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'open':
      return openMany(order.plan, order.count);
    case 'send':
      return send(order.ask, order.count);
    case 'answers':
      await sent;
      return;
    case 'close':
      return closeAll();
  }
}

// Connections would keep it alive.
process.once('disconnect', () => process.exit());
process.on('message', (order: Order) => {
  void obey(order).then(() => {
    const done: Done = { open: open.size, failed };
    process.send?.(done);
  });
});
