/** Increments of one counter that are offered whether or not the ones before were answered. */
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hold } from './described.js';

/** How often what is due by then is sent. */
const TURN_MS = 10;

/** What became of the increments that were sent. */
export interface Answers {
  /** How long each accepted one took. */
  readonly acceptedMs: readonly number[];
  /** 503 with a `Retry-After`: nothing was written. */
  readonly refused: number;
  /** 503 `outcome_unknown`. */
  readonly unknown: number;
  /** Anything else. */
  readonly other: number;
}

export class OfferedLoad {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly seen = { acceptedMs: [] as number[], refused: 0, unknown: 0, other: 0 };

  /**
   * @param url of the service
   * @param hold for tests; who measures has no time for it
   */
  constructor(
    private readonly url: string,
    private readonly counter: string,
    private readonly hold: Hold = () => undefined,
  ) {}

  /** Of all increments since the last time this was asked. */
  take(): Answers {
    const taken = { ...this.seen };
    Object.assign(this.seen, { acceptedMs: [], refused: 0, unknown: 0, other: 0 });
    return taken;
  }

  /** As much as some callers get through, each with its next increment when the last one is answered. */
  async saturate(callers: number, lastsMs: number): Promise<void> {
    const endMs = performance.now() + lastsMs;
    const caller = async () => {
      while (performance.now() < endMs) await this.increment();
    };
    await Promise.all(Array.from({ length: callers }, caller));
  }

  /**
   * So many in a second, whatever is answered; waits for the last answer.
   *
   * @returns how many were sent in a second: fewer, where this process was held up
   */
  async offer(perSecond: number, lastsMs: number, eachTurn: () => void = () => undefined): Promise<number> {
    const beganMs = performance.now();
    const sent: Promise<void>[] = [];
    while (performance.now() - beganMs < lastsMs) {
      const due = ((performance.now() - beganMs) / 1000) * perSecond;
      while (sent.length < due) sent.push(this.increment());
      eachTurn();
      await sleep(TURN_MS);
    }
    const offeredSeconds = (performance.now() - beganMs) / 1000;
    await Promise.all(sent);
    return sent.length / offeredSeconds;
  }

  close(): void {
    this.agent.destroy();
  }

  private increment(): Promise<void> {
    const path = `/v1/counters/${this.counter}/increment`;
    const sentAtMs = performance.now();
    return new Promise((resolve, reject) => {
      const request = httpRequest(this.url + path, { method: 'POST', agent: this.agent }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          try {
            this.hold('POST', path, { status, headers, body });
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            return;
          }
          if (status === 200) this.seen.acceptedMs.push(performance.now() - sentAtMs);
          else if (body.includes('"outcome_unknown"')) this.seen.unknown += 1;
          else if (status === 503 && Number(headers['retry-after']) >= 1) this.seen.refused += 1;
          else this.seen.other += 1;
          resolve();
        });
      });
      request.on('error', reject);
      request.end();
    });
  }
}
