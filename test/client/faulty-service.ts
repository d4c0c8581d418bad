import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What the service does to a request on purpose; `committed` says whether before or after the increment was counted. */
export type Fault =
  | { readonly kind: 'drop' | 'hang'; readonly committed: boolean }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly code?: string;
      readonly retryAfter?: string;
      readonly committed?: boolean;
    };

/** One request as it arrived. */
export interface Visit {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly items: readonly Item[];
  /** How often the first key was seen before. */
  readonly seen: number;
}

export interface Item {
  readonly name: string;
  readonly by: number;
  readonly idempotencyKey: string;
}

/**
 * A service that keeps the contract of increments, keys included, over real sockets, and misbehaves as it is told: the
 * real one cannot be made to lose an answer at a chosen moment.
 */
export class FaultyService {
  readonly visits: Visit[] = [];
  /** How often each key was counted; anything but 1 is a wrong count. */
  readonly counted = new Map<string, number>();
  fault: (visit: Visit) => Fault | null = () => null;
  /** Refuses single items of a batch. */
  itemFault: (item: Item, seen: number) => { status: number; code: string } | null = () => null;

  private readonly values = new Map<string, number>();
  private readonly answers = new Map<string, string>();
  private readonly seen = new Map<string, number>();
  private readonly server: Server = createServer((request, response) => {
    this.serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  static async start(): Promise<FaultyService> {
    const service = new FaultyService();
    await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  valueOf(name: string): number {
    return this.values.get(name) ?? 0;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: unknown = JSON.parse((await text(request)) || '{}');
    const { method = '', url: path = '', headers } = request;
    const items = itemsOf(path, headers, body);
    const visit = { method, path, headers, items, seen: this.see(items[0]?.idempotencyKey ?? '') };
    this.visits.push(visit);

    const fault = this.fault(visit);
    const committed = fault === null || fault.committed === true;
    const results = committed ? items.map((item, index) => this.decide(item, index === 0 ? visit.seen : null)) : [];
    switch (fault?.kind) {
      case 'drop':
        response.destroy();
        return;
      case 'hang':
        return;
      case 'answer':
        response.setHeader('x-request-id', 'r-1');
        if (fault.status < 400) response.setHeader('location', '/elsewhere');
        if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
        send(response, fault.status, fault.code === undefined ? '<html>' : problem(fault.status, fault.code));
        return;
      case undefined:
        if (path === '/v1/increments') send(response, 200, `{"results":[${results.join()}]}`);
        else send(response, 200, JSON.stringify((JSON.parse(results[0] ?? '{}') as { counter: unknown }).counter));
    }
  }

  /** The result of one item as JSON; the same again for the same key. */
  private decide(item: Item, seen: number | null): string {
    const { name, by, idempotencyKey: key } = item;
    const refusal = this.itemFault(item, seen ?? this.see(key));
    if (refusal !== null) {
      return `{"status":${refusal.status},"problem":${problem(refusal.status, refusal.code)}}`;
    }
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    const value = this.valueOf(name) + by;
    this.values.set(name, value);
    this.counted.set(key, (this.counted.get(key) ?? 0) + 1);
    const at = '2026-01-01T00:00:00.000Z';
    const counter = { name, value, version: 1, min: null, max: null, expiresAt: null, createdAt: at, updatedAt: at };
    const result = JSON.stringify({ status: 200, counter });
    this.answers.set(key, result);
    return result;
  }

  private see(key: string): number {
    const seen = this.seen.get(key) ?? 0;
    this.seen.set(key, seen + 1);
    return seen;
  }
}

function itemsOf(path: string, headers: IncomingMessage['headers'], body: unknown): Item[] {
  if (path === '/v1/increments') return (body as { increments: Item[] }).increments;
  const name = decodeURIComponent(path.split('/')[3] ?? '');
  const by = (body as { by?: number }).by ?? 1;
  return [{ name, by, idempotencyKey: String(headers['idempotency-key']) }];
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': body.startsWith('<') ? 'text/html' : 'application/json' }).end(body);
}

function problem(status: number, code: string): string {
  return JSON.stringify({
    type: `/problems/${code}`,
    title: code,
    status,
    detail: `told ${code}`,
    code,
    instance: 'r-2',
  });
}
