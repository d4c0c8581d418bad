/**
 * Increments on their way through instances, lanes and one Postgres, event by event: what the formulas of model.ts say of
 * means is looked at here with chance in it, with processors that are shared, and with rows that are locked.
 */
import { percentile } from '../median.js';
import { Random } from '../../test/torture/random.js';
import { Events, Log, Processors, Rows, Thread } from './events.js';

/** Increments of a lane in one statement, as in the service. */
export const MAX_BATCH = 2_000;

/** Of the time that is simulated: until queues are as long as they will be. */
const WARM_UP = 0.25;

/** What things take. */
export interface QueueCosts {
  /** Milliseconds of a processor of Postgres for a statement of so many names. */
  readonly statementMs: (names: number) => number;
  /** Milliseconds of an instance for one request, from its first byte to its answer. */
  readonly requestMs: number;
  /** Flushes of the log that were measured, milliseconds; each is as likely as any other. */
  readonly flushMs: readonly number[];
  /** From an instance to Postgres and back, and to Redis and back, beside what they take themselves. */
  readonly roundTripMs: number;
  /** Where all share their processors: of Redis for a name that is published, and of a client for a request. */
  readonly redisMs: number;
  readonly clientMs: number;
}

export interface Setting {
  readonly instances: number;
  /** Of each instance: `WRITE_LANES`. */
  readonly lanes: number;
  /** Of Postgres; may be a fraction. */
  readonly processors: number;
  /** Whether instances, Redis and clients have these same processors, as on one machine; else each has what it needs. */
  readonly together: boolean;
  readonly names: number;
  /** Of the increments, how many are of one and the same name; the others are of all names alike. */
  readonly hotShare: number;
  /** Increments in a request. */
  readonly perRequest: number;
  /** Who comes when they like, or a number of clients who wait for their answer, and then think. */
  readonly clients:
    | { readonly kind: 'open'; readonly requestsPerSecond: number }
    | { readonly kind: 'closed'; readonly count: number; readonly thinkMs: number };
  /** That are simulated, a quarter of them to warm up. */
  readonly seconds: number;
  readonly seed: number;
}

export interface Outcome {
  /** Increments that were answered in a second. */
  readonly perSecond: number;
  /** Of those that were asked for; far below 1: a queue grows without end. */
  readonly answered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all lanes together. */
  readonly commitsPerSecond: number;
  readonly incrementsInBatch: number;
  readonly namesInBatch: number;
  /** Processors that Postgres used. */
  readonly postgres: number;
  /** And all instances together. */
  readonly service: number;
}

interface Request {
  readonly sentAtMs: number;
  readonly instance: number;
  /** Parts that are not committed and published yet. */
  parts: number;
  readonly answered: () => void;
}

/** The increments of a request that go to one lane. */
interface Part {
  readonly request: Request;
  readonly names: readonly number[];
}

interface Lane {
  readonly queue: Part[];
  isRunning: boolean;
}

/** The same for the same seed. */
export function simulate(setting: Setting, costs: QueueCosts): Outcome {
  return new Simulation(setting, costs).run();
}

class Simulation {
  private readonly events = new Events();
  private readonly random: Random;
  private readonly postgres: Processors;
  private readonly threads: Thread[];
  private readonly lanes: Lane[][];
  private readonly redis: Thread;
  private readonly client: Thread;
  private readonly log: Log;
  private readonly rows = new Rows();
  private readonly waitsMs: number[] = [];
  private requests = 0;
  private commits = 0;
  private increments = 0;
  private namesCommitted = 0;
  private postgresMs = 0;
  private serviceMs = 0;

  constructor(
    private readonly setting: Setting,
    private readonly costs: QueueCosts,
  ) {
    const { instances, lanes, processors, together, seed } = setting;
    this.random = new Random(seed);
    this.postgres = new Processors(this.events, processors);
    const own = (): Thread => new Thread(together ? this.postgres : new Processors(this.events, 1));
    this.threads = Array.from({ length: instances }, own);
    this.lanes = Array.from({ length: instances }, () =>
      Array.from({ length: lanes }, () => ({ queue: [], isRunning: false })),
    );
    this.redis = own();
    this.client = own();
    this.log = new Log(this.events, () => this.random.pick(costs.flushMs));
  }

  run(): Outcome {
    const { setting, events } = this;
    const fromMs = setting.seconds * 1_000 * WARM_UP;
    this.begin();
    events.runUntil(fromMs);
    this.waitsMs.length = 0;
    this.requests = this.commits = this.increments = this.namesCommitted = this.postgresMs = this.serviceMs = 0;
    events.runUntil(setting.seconds * 1_000);
    const measuredMs = setting.seconds * 1_000 - fromMs;
    const perSecond = (count: number): number => (count * 1_000) / measuredMs;
    return {
      perSecond: perSecond(this.waitsMs.length * setting.perRequest),
      answered: this.waitsMs.length / this.requests,
      p50Ms: percentile(this.waitsMs, 0.5),
      p99Ms: percentile(this.waitsMs, 0.99),
      commitsPerSecond: perSecond(this.commits),
      incrementsInBatch: this.increments / this.commits,
      namesInBatch: this.namesCommitted / this.commits,
      postgres: this.postgresMs / measuredMs,
      service: this.serviceMs / measuredMs,
    };
  }

  private begin(): void {
    const { clients } = this.setting;
    if (clients.kind === 'open') {
      const arrive = (): void => {
        this.events.in(this.untilNextMs(clients.requestsPerSecond), arrive);
        this.send((sentAtMs) => this.waitsMs.push(this.events.nowMs - sentAtMs));
      };
      this.events.in(this.untilNextMs(clients.requestsPerSecond), arrive);
      return;
    }
    const ask = (): void =>
      this.send((sentAtMs) =>
        this.client.work(this.costs.clientMs, () => {
          this.waitsMs.push(this.events.nowMs - sentAtMs);
          this.events.in(clients.thinkMs, ask);
        }),
      );
    // Not all in step.
    for (let client = 0; client < clients.count; client += 1) {
      this.events.in(this.random.next() * (clients.thinkMs + 1), ask);
    }
  }

  /** Of arrivals that know nothing of each other. */
  private untilNextMs(perSecond: number): number {
    return (-Math.log(1 - this.random.next()) * 1_000) / perSecond;
  }

  private send(answered: (sentAtMs: number) => void): void {
    const { events, setting, costs } = this;
    const sentAtMs = events.nowMs;
    this.requests += 1;
    const instance = this.random.whole(0, setting.instances);
    const request: Request = { sentAtMs, instance, parts: 0, answered: () => answered(sentAtMs) };
    this.serve(instance, costs.requestMs / 2, () => this.queue(request));
  }

  private serve(instance: number, ms: number, done: () => void): void {
    this.serviceMs += ms;
    this.threads[instance]?.work(ms, done);
  }

  private queue(request: Request): void {
    const { lanes, perRequest } = this.setting;
    const byLane = new Map<number, number[]>();
    for (let increment = 0; increment < perRequest; increment += 1) {
      const name = this.anyName();
      const names = byLane.get(name % lanes);
      if (names === undefined) byLane.set(name % lanes, [name]);
      else names.push(name);
    }
    request.parts = byLane.size;
    for (const [index, names] of byLane) {
      const lane = this.lanes[request.instance]?.[index];
      if (lane === undefined) continue;
      lane.queue.push({ request, names });
      if (!lane.isRunning) this.commit(lane, request.instance);
    }
  }

  private anyName(): number {
    const { names, hotShare } = this.setting;
    return this.random.chance(hotShare) ? 0 : this.random.whole(0, names);
  }

  /** What came meanwhile goes together, as in the service. */
  private commit(lane: Lane, instance: number): void {
    lane.isRunning = lane.queue.length > 0;
    if (!lane.isRunning) return;
    let size = 0;
    let parts = 0;
    for (const { names } of lane.queue) {
      if (parts > 0 && size + names.length > MAX_BATCH) break;
      size += names.length;
      parts += 1;
    }
    const batch = lane.queue.splice(0, parts);
    const names = [...new Set(batch.flatMap((part) => part.names))].sort((a, b) => a - b);
    const { events, costs } = this;
    events.in(costs.roundTripMs / 2, () =>
      this.execute(names, 0, 0, () =>
        this.log.flush(() => {
          this.rows.release(names);
          this.commits += 1;
          this.increments += size;
          this.namesCommitted += names.length;
          events.in(costs.roundTripMs / 2, () => {
            this.publish(batch, names.length, instance);
            this.commit(lane, instance);
          });
        }),
      ),
    );
  }

  /**
   * Locks the rows in their order, and works on each.
   *
   * @param from the first that is not locked yet
   * @param got rows that are locked, and not worked on yet
   */
  private execute(names: readonly number[], from: number, got: number, done: () => void): void {
    let next = from;
    for (; next < names.length && !this.rows.isLocked(names[next] ?? 0); next += 1) {
      this.rows.lock(names[next] ?? 0, () => undefined);
    }
    const ms = (this.costs.statementMs(names.length) * (got + next - from)) / names.length;
    this.postgresMs += ms;
    this.postgres.work(ms, () => {
      if (next === names.length) done();
      else this.rows.lock(names[next] ?? 0, () => this.execute(names, next + 1, 1, done));
    });
  }

  private publish(batch: readonly Part[], names: number, instance: number): void {
    const { costs, setting, events } = this;
    const published = (): void => {
      for (const { request, names: own } of batch) {
        this.serve(instance, ((costs.requestMs / 2) * own.length) / setting.perRequest, () => {
          request.parts -= 1;
          if (request.parts === 0) request.answered();
        });
      }
    };
    if (setting.together) this.redis.work(costs.redisMs * names, published);
    else events.in(costs.roundTripMs, published);
  }
}
