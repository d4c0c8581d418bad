import type { Line, Talk } from '../line.js';
import { error } from './reply.js';
import { ProtocolError, type Request, RequestParser } from './request-parser.js';

/** A talk in requests: takes them in while earlier ones are worked on, by one worker at a time. */
export abstract class RequestTalk implements Talk {
  unanswered = 0;
  unansweredBytes = 0;
  /** Those that were accepted, in order; whoever works on them takes out what was answered. */
  protected requests: Request[] = [];
  /** Nobody hears what is answered from now on. */
  protected hasLeft = false;
  private readonly parser = new RequestParser((request) => this.accept(request));
  private isWorking = false;
  private protocolFault: ProtocolError | null = null;

  constructor(protected readonly line: Line) {}

  read(bytes: Buffer): void {
    if (this.protocolFault !== null) return;
    try {
      this.parser.feed(bytes);
    } catch (fault) {
      if (!(fault instanceof ProtocolError)) throw fault;
      this.protocolFault = fault;
    }
    if (this.isWorking) return;
    this.isWorking = true;
    void this.work();
  }

  closed(): void {
    this.hasLeft = true;
  }

  /** Answers requests until none is left, those that come meanwhile included, and then calls `rest`; never fails. */
  protected abstract work(): Promise<void>;

  /** Sends what was answered, and hangs up on who sent what is no request; the next bytes begin the work again. */
  protected rest(): void {
    const { line } = this;
    this.isWorking = false;
    if (this.protocolFault !== null) {
      line.write(error(`ERR Protocol error: ${this.protocolFault.message}`));
      line.end();
    }
    line.flush();
  }

  private accept(request: Request): void {
    this.requests.push(request);
    this.unanswered += 1;
    this.unansweredBytes += request.bytes;
  }
}
