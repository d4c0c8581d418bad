/** A server that is started again when it dies, on the same port and with the same data, until it is told to stop. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from './server-process.js';

/** The first try comes at once; a server that keeps dying is tried ever more slowly. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Who lived this long did not die of its start: the next pause is short again. */
const HEALTHY_AFTER_MS = 30_000;

/** An orderly end writes what is in memory to the disk; past this it is by force, and the log is replayed later. */
const STOP_PATIENCE_MS = 10_000;

export interface ServerPlan {
  /** For people. */
  readonly name: string;
  /** Starts it and waits until it is ready; on a throw, nothing of it runs. */
  readonly start: () => Promise<ServerProcess>;
  /** Asks for an orderly end, of which clients are told. */
  readonly stopSignal: NodeJS.Signals;
  readonly say: (line: string) => void;
}

export class SupervisedServer {
  private readonly stopping = new AbortController();
  private readonly watch: Promise<void>;

  private constructor(
    private readonly plan: ServerPlan,
    private server: ServerProcess,
  ) {
    this.watch = this.keepAlive();
  }

  /** @throws whatever the first start throws: what never ran is not tried again */
  static async start(plan: ServerPlan): Promise<SupervisedServer> {
    return new SupervisedServer(plan, await plan.start());
  }

  /** Ends it and settles when it has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.server.stop(this.plan.stopSignal, STOP_PATIENCE_MS);
    await this.watch;
  }

  private async keepAlive(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.stopping.signal.aborted) {
      const started = performance.now();
      const ending = await this.server.ended;
      if (this.isStopping()) return;
      this.plan.say(`${this.plan.name} ended by itself (${ending}); starting it again`);
      pauseMs =
        performance.now() - started > HEALTHY_AFTER_MS ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      await this.startAgain(pauseMs);
    }
  }

  private async startAgain(firstPauseMs: number): Promise<void> {
    for (let pauseMs = firstPauseMs; !this.isStopping(); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      await sleep(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.isStopping()) return;
      try {
        this.server = await this.plan.start();
      } catch (error) {
        this.plan.say(`${this.plan.name} could not be started: ${(error as Error).message}`);
        continue;
      }
      this.plan.say(`${this.plan.name} runs again`);
      // Told to stop while it started: whoever asked saw only the one before.
      if (this.isStopping()) await this.server.stop(this.plan.stopSignal, STOP_PATIENCE_MS);
      return;
    }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }
}
