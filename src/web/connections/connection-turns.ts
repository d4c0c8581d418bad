import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The how manieth request on its connection it is, from 1. */
    turn: number;
  }
}

interface Turns {
  begun: number;
  /** An answer on its way says that it is the last one. */
  isClosing: boolean;
}

/**
 * Ends connections that had their share of requests, so that old ones spread over instances that were added. Node does it
 * by a number too, but refuses what was sent behind the last one without a word of ours: here such requests are answered,
 * and the connection is closed as soon as none is waiting.
 */
export class ConnectionTurns {
  private readonly connections = new WeakMap<Socket, Turns>();

  /** @param limit requests after which a connection is closed, at least 1 */
  constructor(private readonly limit: number) {}

  /** @returns false where the last answer on the connection is on its way already: this request must not be acted on */
  begin(request: FastifyRequest): boolean {
    const { socket } = request.raw;
    let turns = this.connections.get(socket);
    if (turns === undefined) {
      turns = { begun: 0, isClosing: false };
      this.connections.set(socket, turns);
    }
    if (turns.isClosing) return false;
    turns.begun += 1;
    request.turn = turns.begun;
    return true;
  }

  /** To be called before the head of an answer is written. */
  end({ turn, raw: { socket } }: FastifyRequest, reply: FastifyReply): void {
    if (turn < this.limit) return;
    const turns = this.connections.get(socket);
    // Answers go out in order, so only requests behind this one could be waiting.
    if (turns === undefined || turns.begun > turn) return;
    turns.isClosing = true;
    reply.header('connection', 'close');
  }
}
