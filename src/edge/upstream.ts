import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { memberOf } from '../web/bodies/member.js';
import type { UpstreamAnswer } from './rules.js';

/** A line that carries a kilobyte a second brings the largest answer in this time. */
const ANSWER_WITHIN_MS = 120_000;

/** Longer than any answer to a thousand items. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export interface Heard extends UpstreamAnswer {
  /** Parsed; null where it is no JSON. */
  readonly body: unknown;
  /** What went wrong, for people; null: it answered with 200. */
  readonly fault: string | null;
}

/** The service that an edge belongs to; one request under way. */
export class Upstream {
  private readonly agent: HttpAgent | HttpsAgent;
  private readonly isTls: boolean;

  constructor(
    private readonly url: string,
    private readonly key: string | null,
  ) {
    this.isTls = url.startsWith('https:');
    const options = { keepAlive: true, maxSockets: 1 };
    this.agent = this.isTls ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /**
   * Sends a delivery once. Never fails: that nobody answered is heard, too.
   *
   * @param body JSON by gzip, the same bytes each time it is sent
   */
  deliver(id: string, body: Buffer, signal: AbortSignal): Promise<Heard> {
    return this.ask('POST', `/v1/edges/${id}/deliveries`, body, signal);
  }

  /** Asks up to where it has taken deliveries of an edge. Never fails either. */
  position(id: string, signal: AbortSignal): Promise<Heard> {
    return this.ask('GET', `/v1/edges/${id}`, null, signal);
  }

  close(): void {
    this.agent.destroy();
  }

  /** Never fails: that there was no answer is an answer. */
  private ask(method: string, path: string, body: Buffer | null, signal: AbortSignal): Promise<Heard> {
    return new Promise((resolve) => {
      const fail = (fault: string): void =>
        resolve({ status: 0, code: null, retryAfterSeconds: null, body: null, fault });
      const request = (this.isTls ? httpsRequest : httpRequest)(
        `${this.url}${path}`,
        {
          method,
          agent: this.agent,
          signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
          headers: {
            ...(this.key === null ? {} : { authorization: `Bearer ${this.key}` }),
            ...(body === null
              ? {}
              : { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-length': body.length }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error('the answer is too long'));
            else chunks.push(chunk);
          });
          response.on('end', () => resolve(heard(response.statusCode ?? 0, response.headers['retry-after'], chunks)));
          response.on('error', (error) => fail(error.message));
          response.on('close', () => fail('the connection was closed before the answer was whole'));
        },
      );
      request.on('error', (error) => fail(error.message));
      request.end(body);
    });
  }
}

function heard(status: number, retryAfter: string | undefined, chunks: readonly Buffer[]): Heard {
  const seconds = Number(retryAfter);
  const retryAfterSeconds = retryAfter !== undefined && Number.isFinite(seconds) ? seconds : null;
  let body: unknown = null;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    // Of a proxy in between.
  }
  const code = textIn(body, 'code');
  const detail = textIn(body, 'detail');
  const fault = status === 200 ? null : (detail ?? `it answered ${status}`);
  return { status, code, retryAfterSeconds, body, fault };
}

function textIn(body: unknown, member: string): string | null {
  const value = memberOf(body, member);
  return typeof value === 'string' ? value : null;
}
