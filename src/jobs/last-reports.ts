import type { JobKind } from './job-kind.js';

/** What a job of a kind reports when it is done. */
export type ReportOf<K extends JobKind> = Awaited<ReturnType<K['runOnce']>>;

/** A report, and when it was made (RFC 3339). */
export interface Finished<K extends JobKind> {
  readonly finishedAt: string;
  readonly report: ReportOf<K>;
}

/** What was reported last, by kind. */
export class LastReports {
  private readonly byName = new Map<string, { readonly finishedAt: string; readonly report: object }>();

  /** @param finishedAt RFC 3339 */
  note(name: string, report: object, finishedAt: string): void {
    this.byName.set(name, { finishedAt, report });
  }

  /** @returns null: nothing yet, or nothing that was kept */
  of<K extends JobKind>({ name }: K): Finished<K> | null {
    // The kind of a job says which report it made.
    return (this.byName.get(name) as Finished<K> | undefined) ?? null;
  }
}
