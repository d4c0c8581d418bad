import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Which request on its connection it is, from 1. */
    turn: number;
  }
}

/** Whether to act on a request; `closing`: the last answer on its connection is on its way already. */
export type Begun = 'begun' | 'closing' | 'too many';

interface Turns {
  begun: number;
  answered: number;
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

  /**
   * @param limit requests after which a connection is closed, at least 1
   * @param inARow requests on one connection that may wait for their answers, at least 1
   */
  constructor(
    private readonly limit: number,
    private readonly inARow: number,
  ) {}

  begin(request: FastifyRequest): Begun {
    const { socket } = request.raw;
    let turns = this.connections.get(socket);
    if (turns === undefined) {
      turns = { begun: 0, answered: 0, isClosing: false };
      this.connections.set(socket, turns);
    }
    if (turns.isClosing) return 'closing';
    if (turns.begun - turns.answered >= this.inARow) return 'too many';
    turns.begun += 1;
    request.turn = turns.begun;
    return 'begun';
  }

  /** To be called before the head of an answer is written. */
  end({ turn, raw: { socket } }: FastifyRequest, reply: FastifyReply): void {
    const turns = this.connections.get(socket);
    if (turns === undefined) return;
    turns.answered += 1;
    // Answers go out in order, so only requests behind this one could be waiting.
    if (turn < this.limit || turns.begun > turn) return;
    turns.isClosing = true;
    reply.header('connection', 'close');
  }
}
