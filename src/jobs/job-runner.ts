import { Injectable, Logger } from '@nestjs/common';
import type { Reading } from '../meters/meters.js';
import { Traces } from '../meters/traces.js';
import type { JobKind, Run } from './job-kind.js';
import { LastReports } from './last-reports.js';

/** Runs a job in this process, whether it came by the queue or not. */
@Injectable()
export class JobRunner {
  /** What this instance reported last. */
  readonly last = new LastReports();

  private readonly log = new Logger(JobRunner.name);
  private readonly tally = new Map<string, { done: number; failed: number }>();
  private readonly failures = new Map<string, number>();
  private readonly stopping = new AbortController();

  constructor(private readonly traces: Traces) {}

  /** How many runs there were of each kind, by what became of them. */
  runs(): Reading[] {
    return [...this.tally].flatMap(([kind, results]) =>
      Object.entries(results).map(([result, value]) => ({ labels: { kind, result }, value })),
    );
  }

  /** Asks what runs to stop after its step at hand. */
  stop(): void {
    this.stopping.abort();
  }

  /** @param progress called after each step of a job that has steps to tell of */
  async run(kind: JobKind, progress: Run['progress']): Promise<object> {
    const { name } = kind;
    const tally = this.tally.get(name) ?? { done: 0, failed: 0 };
    this.tally.set(name, tally);
    try {
      const report = await this.traces.within(`job ${name}`, () =>
        kind.runOnce({ signal: this.stopping.signal, progress }),
      );
      tally.done += 1;
      this.last.note(name, report, new Date().toISOString());
      this.noteSuccess(name);
      this.log.debug({ msg: 'a job is done', kind: name, report });
      return report;
    } catch (error) {
      tally.failed += 1;
      this.noteFailure(name, error);
      throw error;
    }
  }

  /** While a server is away every run fails: the first one is told, and at the end how many it were. */
  private noteFailure(kind: string, error: unknown): void {
    const failures = (this.failures.get(kind) ?? 0) + 1;
    this.failures.set(kind, failures);
    if (failures === 1) this.log.warn({ msg: 'a job failed; it is run again in time', kind, err: error });
  }

  private noteSuccess(kind: string): void {
    const failures = this.failures.get(kind);
    if (failures === undefined) return;
    this.failures.delete(kind);
    this.log.log({ msg: 'a job succeeds again', kind, failures });
  }
}
