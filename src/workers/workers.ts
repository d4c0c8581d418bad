import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Places } from '../app.js';
import { ConfigError, EXIT_CONFIG, type EmbeddedUrls } from '../config/config.js';
import type { CommitPipeline } from '../counters/commits/commit-pipeline.js';
import { readsTogether, type Sampler } from '../counters/happenings/sampler.js';
import type { WriteReach } from '../counters/guard/write-reach.js';
import type { MetricsPage } from '../metrics/metrics-page.js';
import { type Numbers, togetherOf } from '../metrics/numbers.js';
import { WORKER } from './argument.js';
import type { Told, Topic } from './messages.js';
import { Worker } from './worker.js';

/** A worker that ended is replaced after a pause: one that lived for a while soon, one that does not start ever later. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
const LIVED_MS = 30_000;

/** They answer what they accepted within 5 s; with what comes after it below the deadline of a shutdown. */
const ENDING_MS = 5_500;

/** How soon a worker knows that Postgres takes no writes: its probes say so. */
const LOOK_INTERVAL_MS = 200;

/**
 * A worker that does not say for so long that it still runs hangs, and probes would not find out: others answer them. Less
 * than the 15 s after which an orchestrator restarts a service that is one process and hangs.
 */
const ASK_INTERVAL_MS = 1_000;
const MAX_SILENCES = 10;

/** What the workers stand on. */
export interface Service {
  readonly commits: CommitPipeline;
  readonly writes: WriteReach;
  readonly page: MetricsPage;
  readonly sampler: Sampler;
  /** Null: the environment says where the servers are. */
  readonly embedded: EmbeddedUrls | null;
}

/** The processes that answer requests, forked and looked after by the one that commits for them. */
export class Workers {
  private readonly workers = new Set<Worker>();
  private stopping = false;
  private pauseMs = FIRST_PAUSE_MS;
  private readonly timers: NodeJS.Timeout[] = [];
  private refusal: string | null = null;
  /** What only rises, of all that have ended. */
  private departed: Numbers | null = null;

  constructor(
    private readonly service: Service,
    private readonly logger: Logger,
  ) {}

  /**
   * Forks them all.
   *
   * @returns where they listen, when all of them do
   * @throws ConfigError where one finds a fault in the configuration
   */
  async start(count: number): Promise<Places> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    // As JSON, which costs both sides less than what copies structures.
    cluster.setupPrimary({
      exec: fileURLToPath(new URL('../main.js', import.meta.url)),
      args: [WORKER],
      serialization: 'json',
    });
    this.timers.push(
      setInterval(() => this.look(), LOOK_INTERVAL_MS),
      setInterval(() => this.ask(), ASK_INTERVAL_MS),
    );
    const places = await Promise.all(Array.from({ length: count }, () => this.startFirst()));
    const [first] = places;
    if (first === undefined) throw new RangeError('there are no workers');
    return first;
  }

  /** Has them answer what they accepted, and end; those that have not after `ENDING_MS` are killed. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearInterval(timer);
    for (const worker of this.workers) {
      if (worker.places === null) worker.kill();
      else worker.send({ kind: 'end' });
    }
    const timer = setTimeout(() => {
      for (const worker of this.workers) {
        this.logger.error({ worker: worker.pid }, 'a worker did not end in time, and is killed');
        worker.kill();
      }
    }, ENDING_MS);
    await Promise.all([...this.workers].map(({ ended }) => ended));
    clearTimeout(timer);
  }

  private async startFirst(): Promise<Places> {
    const worker = await new Promise<Worker>((resolve, reject) => {
      const forked = this.fork(() => resolve(forked));
      void forked.ended.then(({ code, signal }) => {
        const how = `ended before it listened (${signal ?? `exit code ${code ?? ''}`})`;
        if (code === EXIT_CONFIG) reject(new ConfigError(`A worker ${how}: see above.`));
        else reject(new Error(`a worker ${how}`));
      });
    });
    void worker.ended.then(() => this.replace(worker));
    if (worker.places === null) throw new Error('a worker listens nowhere');
    return worker.places;
  }

  private fork(listens: () => void): Worker {
    const { commits, embedded } = this.service;
    const ground = {
      commits,
      begin: { kind: 'begin', embedded },
      together: (topic: Topic) => this.together(topic),
      fault: (error: unknown) => this.logger.error({ err: error }, 'what all processes say cannot be told'),
    } as const;
    const worker = new Worker(cluster.fork(), ground, () => {
      worker.send({ kind: 'writes', refusal: this.refusal });
      listens();
    });
    this.workers.add(worker);
    void worker.ended.then(() => this.workers.delete(worker));
    return worker;
  }

  private async replace(ended: Worker): Promise<void> {
    const { code, signal } = await ended.ended;
    const { rising, pid } = ended;
    if (rising !== null) {
      this.departed = this.departed === null ? rising : await togetherOf([this.departed, rising]);
    }
    if (this.stopping) return;
    const livedMs = performance.now() - ended.startedAtMs;
    this.pauseMs = livedMs > LIVED_MS ? FIRST_PAUSE_MS : this.pauseMs;
    const pauseMs = this.pauseMs;
    this.logger.warn({ worker: pid, code, signal, pauseMs }, 'a worker has ended; another one is started');
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.pauseMs);
    await sleep(pauseMs);
    if (this.isStopping()) return;
    const next = this.fork(() => this.logger.info({ worker: next.pid }, 'a worker listens'));
    void next.ended.then(() => this.replace(next));
  }

  private isStopping(): boolean {
    return this.stopping;
  }

  /** Tells the workers when Postgres begins or ends to take writes. */
  private look(): void {
    const { refusal } = this.service.writes;
    if (refusal === this.refusal) return;
    this.refusal = refusal;
    for (const worker of this.workers) worker.send({ kind: 'writes', refusal });
  }

  /** Ends those that hang: others take their place. */
  private ask(): void {
    for (const worker of this.workers) {
      if (worker.places === null || worker.ask() !== MAX_SILENCES) continue;
      this.logger.error({ worker: worker.pid }, 'a worker does not answer any more, and is killed');
      worker.kill();
    }
  }

  private async together(topic: Topic): Promise<Told> {
    const { page, sampler } = this.service;
    const listening = [...this.workers].filter(({ places }) => places !== null);
    const told = await Promise.all(listening.map((worker) => worker.tell(topic)));
    if (topic === 'reads') {
      const reads = told.flatMap((one) => (one?.topic === 'reads' ? [one.reads] : []));
      return { topic, reads: readsTogether([sampler.ownReads(), ...reads]) };
    }
    const numbers = told.flatMap((one) => (one?.topic === 'metrics' ? [one.numbers] : []));
    const departed = this.departed === null ? [] : [this.departed];
    return { topic, numbers: await togetherOf([await page.numbers(), ...numbers, ...departed]) };
  }
}
