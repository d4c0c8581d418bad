/** Whoever is told by webhooks: takes what comes, and answers as it is told to. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from '@jest/globals';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Of a message of a watch, what tests look at. */
export interface Told {
  readonly type: string;
  readonly timestamp: string;
  readonly data: {
    readonly watch: { readonly id: string };
    readonly counter: string;
    readonly state: string;
    readonly previous: string;
    readonly observed: number | null;
  };
}

export class Receiver {
  /** In the order in which they came. */
  readonly received: Received[] = [];
  private answers = new Map<string, (response: ServerResponse) => void>();
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      this.received.push({ path, headers: request.headers, body: Buffer.concat(chunks).toString() });
      const answer = this.answers.get(path);
      if (answer === undefined) response.writeHead(204).end();
      else answer(response);
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  /** From now on, what comes to this path is answered so. */
  answer(path: string, answer: (response: ServerResponse) => void): void {
    this.answers.set(path, answer);
  }

  at(path: string): Received[] {
    return this.received.filter((one) => one.path === path);
  }

  /** What watches told, at a path. */
  told(path: string): Told[] {
    return this.at(path).map(({ body }) => JSON.parse(body) as Told);
  }
}

/** One that is there once the tests run. */
export function withReceiver(): Receiver {
  const receiver = new Receiver();
  beforeAll(() => receiver.start());
  afterAll(() => receiver.stop());
  return receiver;
}
