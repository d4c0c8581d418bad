/** The Redis protocol as a careful client uses it: it always knows whether a command can have been received. */
import { connect, type Socket } from 'node:net';
import { command } from '../support/resp.js';

/** As of the clients over HTTP: longer than the service takes for any answer, shorter than the longest freeze. */
const TIMEOUT_MS = 3_600;

/** An answer that begins with `-`. */
export class RespError {
  constructor(readonly text: string) {}
}

export type RespReply = string | number | null | RespError | readonly RespReply[];

/** `not_sent`: nobody listened. `no_answer`: what was sent may have been received, and may still be worked on. */
export type RespOutcome =
  | { readonly kind: 'replies'; readonly replies: readonly RespReply[] }
  | { readonly kind: 'not_sent' | 'no_answer'; readonly cause: string };

/** One connection to one instance; after a silence or a break the next commands go over a new one. */
export class RespClient {
  private socket: Socket | null = null;

  constructor(private readonly port: number) {}

  /** Sends commands in one piece, and waits for all of their answers; never rejects. One call at a time. */
  async send(commands: readonly (readonly (string | number)[])[]): Promise<RespOutcome> {
    let { socket } = this;
    try {
      socket ??= this.socket = await connected(this.port);
    } catch (error) {
      return { kind: 'not_sent', cause: error instanceof Error ? error.message : String(error) };
    }
    const outcome = await exchange(socket, commands);
    if (outcome.kind !== 'replies') this.close();
    return outcome;
  }

  /** The same, over the connection of the call before or not at all: what that one watches is watched there only. */
  async sendOnSame(commands: readonly (readonly (string | number)[])[]): Promise<RespOutcome> {
    const { socket } = this;
    if (socket === null || socket.destroyed) return { kind: 'not_sent', cause: 'closed' };
    return this.send(commands);
  }

  close(): void {
    this.socket?.destroy();
    this.socket = null;
  }
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const timer = setTimeout(() => socket.destroy(new Error('not connected in time')), TIMEOUT_MS);
    socket.once('error', reject);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeListener('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

function exchange(socket: Socket, commands: readonly (readonly (string | number)[])[]): Promise<RespOutcome> {
  return new Promise((resolve) => {
    let text = '';
    const replies: RespReply[] = [];
    const settle = (outcome: RespOutcome): void => {
      clearTimeout(timer);
      socket.removeListener('data', onData);
      socket.removeListener('close', onClose);
      resolve(outcome);
    };
    const onClose = (): void => settle({ kind: 'no_answer', cause: 'closed' });
    const onData = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      for (let read = readReply(text, 0); read !== null; read = readReply(text, 0)) {
        replies.push(read.reply);
        text = text.slice(read.end);
        if (replies.length === commands.length) {
          settle({ kind: 'replies', replies });
          return;
        }
      }
    };
    const timer = setTimeout(() => settle({ kind: 'no_answer', cause: 'timeout' }), TIMEOUT_MS);
    if (socket.destroyed) {
      onClose();
      return;
    }
    socket.on('data', onData);
    socket.on('close', onClose);
    socket.write(commands.map((one) => command(...one)).join(''));
  });
}

interface Read {
  readonly reply: RespReply;
  readonly end: number;
}

/** A reply of RESP2; null where it is not all there yet. */
function readReply(text: string, from: number): Read | null {
  const lineEnd = text.indexOf('\r\n', from);
  if (lineEnd < 0) return null;
  const line = text.slice(from + 1, lineEnd);
  const end = lineEnd + 2;
  switch (text[from]) {
    case '+':
      return { reply: line, end };
    case '-':
      return { reply: new RespError(line), end };
    case ':':
      return { reply: Number(line), end };
    case '$': {
      const length = Number(line);
      if (length < 0) return { reply: null, end };
      return text.length < end + length + 2 ? null : { reply: text.slice(end, end + length), end: end + length + 2 };
    }
    case '*':
      return readArray(text, end, Number(line));
    case undefined:
    default:
      throw new Error(`this is no reply of RESP2: ${text.slice(from, from + 40)}`);
  }
}

function readArray(text: string, from: number, length: number): Read | null {
  if (length < 0) return { reply: null, end: from };
  const items: RespReply[] = [];
  let end = from;
  for (let index = 0; index < length; index += 1) {
    const read = readReply(text, end);
    if (read === null) return null;
    items.push(read.reply);
    ({ end } = read);
  }
  return { reply: items, end };
}
