/** A client of server-sent events, as a browser is one, that keeps all it was sent. */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { holdToDocument } from './described.js';
import { eventually } from './eventually.js';

export interface SentEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
  readonly atMs: number;
}

export interface StreamedCounter {
  readonly name: string;
  readonly version: number;
  readonly value?: number;
  readonly deleted?: true;
}

export class EventSource {
  readonly events: SentEvent[] = [];
  readonly comments: string[] = [];
  /** What it was told to wait before it connects again, ms. */
  readonly retries: number[] = [];
  ended = false;

  private constructor(
    private readonly request: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    const parser = createParser({
      onEvent: ({ id = '', event = '', data }) =>
        this.events.push({ id, event, data: JSON.parse(data), atMs: performance.now() }),
      onComment: (comment) => this.comments.push(comment),
      onRetry: (ms) => this.retries.push(ms),
    });
    response.on('data', (chunk: string) => parser.feed(chunk));
    response.on('error', () => undefined);
    response.on('close', () => (this.ended = true));
  }

  /** @param query such as `name=a&prefix=b` */
  static open(url: string, query: string, headers: Record<string, string> = {}): Promise<EventSource> {
    const { hostname, port, pathname } = new URL(url);
    const path = `${pathname.replace(/\/$/, '')}/v1/stream?${query}`;
    return new Promise((resolve, reject) => {
      const request = httpRequest({ hostname, port, path, headers, agent: false }, (response) => {
        const { statusCode: status = 0, headers: answered } = response;
        try {
          holdToDocument('GET', path, { status, headers: answered, body: null });
          resolve(new EventSource(request, response));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      request.on('error', reject);
      request.end();
    });
  }

  of(event: string): SentEvent[] {
    return this.events.filter((sent) => sent.event === event);
  }

  /** Every state of a counter that it was told of, the one of the snapshot first. */
  statesOf(name: string): StreamedCounter[] {
    return this.events.flatMap(({ event, data }) => {
      if (event === 'snapshot') return (data as StreamedCounter[]).filter((counter) => counter.name === name);
      return event === 'change' && (data as StreamedCounter).name === name ? [data as StreamedCounter] : [];
    });
  }

  get snapshots(): number {
    return this.of('snapshot').length;
  }

  get snapshot(): StreamedCounter[] {
    return this.of('snapshot')[0]?.data as StreamedCounter[];
  }

  async untilSnapshot(): Promise<this> {
    await eventually(() => this.of('snapshot').length > 0);
    return this;
  }

  /** The feed it was told of last. */
  get feed(): string | undefined {
    return (this.of('status').at(-1)?.data as { feed: string } | undefined)?.feed;
  }

  async untilFeed(feed: string): Promise<void> {
    await eventually(() => this.feed === feed);
  }

  async untilValue(name: string, value: number): Promise<void> {
    await eventually(() => this.statesOf(name).at(-1)?.value === value);
  }

  /** Takes nothing more from the connection, and leaves it open. */
  stopReading(): void {
    this.response.pause();
  }

  readOn(): void {
    this.response.resume();
  }

  close(): void {
    this.request.destroy();
  }
}
