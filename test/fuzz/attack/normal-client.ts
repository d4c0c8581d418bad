/** A client as there are many: some reads, some increments, a key and an address of its own. */
import { randomUUID } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdToDocument } from '../../support/described.js';

/** Between two of its requests: far below its limits, and enough of them for a p99 within seconds. */
const PACE_MS = 5;

/** Of its counters; some are written by others at the same time. */
const COUNTERS = 50;

/** The service has answered by then, if it does. */
const PATIENCE_MS = 10_000;

/** Whom the proxy on this machine names as the caller. */
const ADDRESS = '203.0.113.7';

export interface Measured {
  readonly tookMs: readonly number[];
  /** What was not answered as it should be. */
  readonly refused: readonly string[];
}

export class NormalClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 256 });
  private sent = 0;

  /** @param port of the service, on the loopback: it stands behind a proxy there, which tells whose address it is */
  constructor(
    private readonly port: number,
    private readonly key: string,
  ) {}

  /** Sends its requests at its pace, whether or not those before were answered, and waits for the last answer. */
  async measure(lastsMs: number): Promise<Measured> {
    const measured = { tookMs: [] as number[], refused: [] as string[] };
    const begin = performance.now();
    const sent: Promise<void>[] = [];
    while (performance.now() - begin < lastsMs) {
      while (sent.length * PACE_MS < performance.now() - begin) sent.push(this.request(measured));
      await sleep(PACE_MS);
    }
    await Promise.all(sent);
    return measured;
  }

  close(): void {
    this.agent.destroy();
  }

  private async request({ tookMs, refused }: { tookMs: number[]; refused: string[] }): Promise<void> {
    this.sent += 1;
    const writes = this.sent % 2 === 0;
    const path = `/v1/counters/normal%2F${this.sent % COUNTERS}${writes ? '/increment' : ''}`;
    const begin = performance.now();
    const { status, body } = await this.send(writes ? 'POST' : 'GET', path);
    tookMs.push(performance.now() - begin);
    // Before its first increment, a counter is not there.
    if (status !== 200 && !(status === 404 && !writes)) refused.push(`${status} ${body}`);
  }

  private send(method: string, path: string): Promise<{ status: number; body: string }> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.key}`, 'x-forwarded-for': ADDRESS };
    if (method === 'POST') headers['idempotency-key'] = randomUUID();
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port: this.port, method, path, headers, agent: this.agent };
      const request = httpRequest({ ...options, timeout: PATIENCE_MS }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => {
          const { statusCode: status = 0, headers: answered } = response;
          try {
            holdToDocument(method, path, { status, headers: answered, body });
            resolve({ status, body });
          } catch (error) {
            resolve({ status: 0, body: String(error) });
          }
        });
        response.on('error', (error) => resolve({ status: 0, body: String(error) }));
      });
      request.on('timeout', () => request.destroy(new Error(`nothing within ${PATIENCE_MS} ms`)));
      request.on('error', (error) => resolve({ status: 0, body: String(error) }));
      request.end();
    });
  }
}

/** @param share such as 0.99 */
export function quantile(tookMs: readonly number[], share: number): number {
  const sorted = [...tookMs].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
