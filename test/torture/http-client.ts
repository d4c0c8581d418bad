/** HTTP as a careful client uses it: it always knows whether a request can have been received. */
import { Agent, request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import type { HeldAnswer } from '../support/described.js';

/** Longer than the service takes for any answer, shorter than the longest freeze: some clients give up. */
const TIMEOUT_MS = 3_600;

/** Connections to one instance; more requests wait for one. */
const MAX_SOCKETS = 64;

export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>> & HeldAnswer['headers'];
  readonly body: string;
}

/** `not_sent`: nobody listened. `no_answer`: it may have been received, and may still be worked on. */
export type HttpOutcome = HttpAnswer | { readonly kind: 'not_sent' | 'no_answer'; readonly cause: string };

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
}

export class HttpClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });

  /** Sends a request once; never rejects. */
  send(url: string, { method, path, headers = {}, json }: HttpRequest): Promise<HttpOutcome> {
    const body = json === undefined ? null : JSON.stringify(json);
    const all: OutgoingHttpHeaders = { ...headers };
    if (body !== null) {
      all['content-type'] = 'application/json';
      all['content-length'] = Buffer.byteLength(body);
    }
    const { hostname, port } = new URL(url);
    return new Promise((resolve) => {
      const request = httpRequest({ hostname, port, method, path, headers: all, agent: this.agent });
      const timer = setTimeout(() => request.destroy(new Error('timeout')), TIMEOUT_MS);
      const settle = (outcome: HttpOutcome): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const fail = (error: Error): void => {
        const cause = 'code' in error ? String(error.code) : error.message;
        settle({ kind: cause === 'ECONNREFUSED' ? 'not_sent' : 'no_answer', cause });
      };
      request.on('error', fail);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          const { statusCode: status = 0, headers: answered } = response;
          settle({ kind: 'answer', status, headers: answered, body: Buffer.concat(chunks).toString() });
        });
      });
      request.end(body ?? undefined);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
