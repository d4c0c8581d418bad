/** Sends requests of every kind and looks at every answer: what must hold whatever was asked. */
import { Agent, request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { isProblemCode } from '../../src/web/problems/problem.js';
import { type HeldAnswer, holdToDocument } from '../support/described.js';
import { ANYBODY, asSentBy, type Caller, mayAdd, trespassOf } from './callers.js';
import { type FuzzRequest, MODEL_NAMES, requestsTo, type Route, SENTINELS } from './requests.js';

/** At the same time; more would only make the queue longer. */
const PARALLEL = 8;

/** Generated and sent together, so that memory stays bounded. */
const CHUNK = 1_000;

/** Longer than anything the service may take. */
const TIMEOUT_MS = 15_000;

/** Faults told; the first few lead to the cause. */
const MAX_FAULTS = 20;

const SENTINEL_VALUE = 4_711;

/** What only the inside of the service could have said; nothing like it is ever sent. */
const LEAK =
  /SELECT |INSERT INTO|UPDATE counters|node_modules|\.[jt]s:\d|\n +at |ECONN|ioredis|pg_|syntax error at|\/dist\//;

export interface FuzzReport {
  readonly requests: number;
  readonly seed: number;
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** A sentence for each thing that must not be. */
  readonly faults: readonly string[];
  readonly durationMs: number;
}

interface Answer extends HeldAnswer {
  readonly body: string;
  readonly type: string;
  readonly replayed: boolean;
}

export class Fuzzer {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: PARALLEL });
  private readonly model = new Map<string, { value: number; version: number }>();
  private readonly statuses: Record<number, number> = {};
  private readonly faults: string[] = [];

  /** @param callers take turns; the first one may do everything, and looks after the counts */
  constructor(
    private readonly url: string,
    private readonly callers: readonly [Caller, ...Caller[]] = [ANYBODY],
  ) {}

  async run(requests: number, seed: number): Promise<FuzzReport> {
    const begin = performance.now();
    try {
      const routes = await this.prepare();
      const arbitrary = requestsTo(routes);
      for (let sent = 0; sent < requests && this.faults.length < MAX_FAULTS; sent += CHUNK) {
        const numRuns = Math.min(CHUNK, requests - sent);
        await this.sendAll(fc.sample(arbitrary, { seed: seed + sent, numRuns }));
      }
      await this.audit();
    } finally {
      this.agent.destroy();
    }
    const { statuses, faults } = this;
    return { requests, seed, statuses, faults, durationMs: Math.round(performance.now() - begin) };
  }

  private async prepare(): Promise<Route[]> {
    for (const sentinel of SENTINELS) {
      const body = JSON.stringify({ value: SENTINEL_VALUE, min: 0, max: 10_000 });
      await this.byFirst({ ...PLAIN, method: 'PUT', path: pathOf(sentinel), body });
    }
    const document = JSON.parse((await this.byFirst({ ...PLAIN, path: '/openapi.json' })).body) as {
      paths: Record<string, Record<string, unknown>>;
    };
    return Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ path, method: method.toUpperCase() })),
    );
  }

  private async sendAll(requests: readonly FuzzRequest[]): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < requests.length; index = next++) {
        const request = requests[index];
        const caller = this.callers[index % this.callers.length];
        if (request !== undefined && caller !== undefined) await this.try(asSentBy(caller, request), caller);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }

  private async try(request: FuzzRequest, caller: Caller): Promise<void> {
    try {
      const answer = await this.send(request);
      holdToDocument(request.method, request.path, answer);
      this.statuses[answer.status] = (this.statuses[answer.status] ?? 0) + 1;
      const fault = faultOf(request, answer, caller);
      if (fault !== null) this.note(request, `${fault}: ${answer.status} ${answer.body.slice(0, 300)}`);
      this.count(request, answer);
    } catch (error) {
      this.note(request, `no answer, or none that is described: ${String(error)}`);
    }
  }

  private note({ method, path, headers, body }: FuzzRequest, fault: string): void {
    if (this.faults.length >= MAX_FAULTS) return;
    this.faults.push(`${fault}\n  ${method} ${path} ${JSON.stringify(headers)} ${(body ?? '').slice(0, 300)}`);
  }

  private count(request: FuzzRequest, { status, body, replayed }: Answer): void {
    if (request.adds === null || status !== 200 || replayed) return;
    const results =
      request.path === '/v1/increments' ? (JSON.parse(body) as { results: { status: number }[] }).results : null;
    request.adds.forEach(({ name, by }, index) => {
      if (results !== null && results[index]?.status !== 200) return;
      const counted = this.model.get(name) ?? { value: 0, version: 0 };
      this.model.set(name, { value: counted.value + by, version: counted.version + 1 });
    });
  }

  /** After all of it: what was counted is there, what was refused left no trace, cached and not. */
  private async audit(): Promise<void> {
    for (const query of ['', '?consistency=strong']) {
      for (const name of MODEL_NAMES) {
        const expected = this.model.get(name);
        if (expected !== undefined) await this.expect(name, query, expected);
      }
      for (const sentinel of SENTINELS) await this.expect(sentinel, query, { value: SENTINEL_VALUE, version: 1 });
    }
  }

  private async expect(name: string, query: string, expected: { value: number; version: number }): Promise<void> {
    const { body } = await this.byFirst({ ...PLAIN, path: pathOf(name) + query });
    const { value, version } = JSON.parse(body) as { value?: number; version?: number };
    if (value === expected.value && version === expected.version) return;
    this.faults.push(`${name}${query} is ${body}, and must be ${JSON.stringify(expected)}`);
  }

  /** As whoever may do everything. */
  private byFirst(request: FuzzRequest): Promise<Answer> {
    return this.send(asSentBy(this.callers[0], request));
  }

  private send({ method, path, headers, body }: FuzzRequest): Promise<Answer> {
    const { hostname, port } = new URL(this.url);
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      const options = { hostname, port, method, path, headers: { ...headers, ...length }, agent: this.agent };
      const request = httpRequest({ ...options, timeout: TIMEOUT_MS }, (response) => {
        const type = response.headers['content-type'] ?? '';
        const replayed = response.headers['idempotent-replayed'] !== undefined;
        const chunks: Buffer[] = [];
        const settle = (): void => {
          const { statusCode: status = 0, headers } = response;
          const body = Buffer.concat(chunks).toString();
          resolve({ status, headers, type, replayed, body });
        };
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', settle);
        response.on('error', reject);
        // A stream never ends by itself.
        if (type.startsWith('text/event-stream')) {
          settle();
          request.destroy();
        }
      });
      request.on('timeout', () => request.destroy(new Error(`nothing within ${TIMEOUT_MS} ms`)));
      request.on('error', reject);
      request.end(body ?? undefined);
    });
  }
}

const PLAIN: FuzzRequest = {
  method: 'GET',
  path: '/',
  headers: { 'content-type': 'application/json' },
  body: null,
  adds: null,
};

function pathOf(name: string): string {
  return `/v1/counters/${encodeURIComponent(name)}`;
}

/** What is wrong with an answer, or null. */
function faultOf(request: FuzzRequest, { status, type, body }: Answer, caller: Caller): string | null {
  const { method, adds } = request;
  if (status >= 500 && status !== 503) return 'a fault of the service';
  const trespass = trespassOf(caller, request, status, body);
  if (trespass !== null) return trespass;
  if (adds !== null && mayAdd(caller) && status !== 200 && status !== 503) return 'a good increment was refused';
  if (status < 400) return null;
  if (!type.startsWith('application/problem+json')) return 'no problem document';
  if (method === 'HEAD') return null;
  if (LEAK.test(body)) return 'a leak';
  const problem = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const { code, detail, instance } = problem;
  const whole = typeof detail === 'string' && typeof instance === 'string' && problem['status'] === status;
  if (!whole || typeof code !== 'string' || !isProblemCode(code)) return 'a problem document that is not whole';
  const documented = status < 500 || code === 'unavailable' || code === 'outcome_unknown';
  return documented ? null : 'a 503 that is not documented';
}
