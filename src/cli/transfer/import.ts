import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import type { Config } from '../../config/config.js';
import type { ImportedCounter, ImportOutcome } from '../../counters/imports/import-rule.js';
import type { Deed } from '../../domain/deed.js';
import { serverFault } from '../deployment.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { theOperator } from '../operator.js';
import { connectRedis } from '../redis-session.js';
import type { Session } from '../session.js';
import type { Progress } from '../terminal.js';
import { FileReader } from './format.js';
import { ImportProgress } from './import-progress.js';
import { LANES, openImportServers } from './import-servers.js';
import { linesOf } from './lines.js';
import { countersOfRedis, type RedisStep, type Skipped } from './redis-source.js';

/** Rows stay locked while a batch is decided; as many as the service puts into one. */
const BATCH = 500;

/** What names the Redis that is read. */
const FROM_REDIS = '--from-redis';

/** Names told of what was kept or skipped; more of them say nothing new. */
const MAX_TOLD = 20;

export type ImportSource =
  /** Null: standard input. */
  | { readonly kind: 'file'; readonly file: string | null; readonly whole: boolean; readonly restart: boolean }
  | { readonly kind: 'redis'; readonly url: string; readonly match: string };

export interface ImportRequest {
  readonly source: ImportSource;
  readonly overwrite: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export interface ImportReport extends Readonly<Record<ImportOutcome, number>> {
  /** Lines that an earlier run had done. */
  readonly resumed: number;
  readonly skipped: number;
  /** The first names that were left alone or skipped, and why. */
  readonly told: readonly Skipped[];
  readonly durationMs: number;
}

/** One import: takes counters in, commits them in batches, several at a time, and counts what became of them. */
class Import {
  readonly counts: Record<ImportOutcome, number> = { created: 0, replaced: 0, deleted: 0, unchanged: 0, kept: 0 };
  readonly told: Skipped[] = [];
  skipped = 0;
  private waiting: ImportedCounter[] = [];
  private done = 0;
  /** In the order they were begun, so that what is done is always a beginning of the source. */
  private readonly running: Promise<number>[] = [];

  constructor(
    private readonly commit: (batch: readonly ImportedCounter[]) => Promise<readonly ImportOutcome[]>,
    private readonly noteDone: (done: number) => Promise<void>,
  ) {}

  /** Puts a counter to those of the next batch; waits where enough batches are under way. */
  async take(counter: ImportedCounter): Promise<void> {
    this.waiting.push(counter);
    if (this.waiting.length === BATCH) await this.begin();
  }

  /** Counts what cannot be a counter here; the first of them are told by name. */
  skip(skipped: Skipped): void {
    this.skipped += 1;
    if (this.told.length < MAX_TOLD) this.told.push(skipped);
  }

  /** Commits what is left, and waits for all that is under way. */
  async finish(): Promise<void> {
    if (this.waiting.length > 0) await this.begin();
    while (this.running.length > 0) await this.settleFirst();
  }

  private async begin(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    const run = this.commit(batch).then((outcomes) => {
      outcomes.forEach((outcome, index) => this.count(outcome, batch[index]?.name ?? ''));
      return batch.length;
    });
    // Whoever waits for it hears of its fault; until then nobody does.
    run.catch(() => undefined);
    this.running.push(run);
    if (this.running.length >= LANES) await this.settleFirst();
  }

  private async settleFirst(): Promise<void> {
    this.done += (await this.running.shift()) ?? 0;
    await this.noteDone(this.done);
  }

  private count(outcome: ImportOutcome, name: string): void {
    this.counts[outcome] += 1;
    if (outcome === 'kept' && this.told.length < MAX_TOLD) {
      this.told.push({ name, reason: 'another value is there; --overwrite replaces it' });
    }
  }
}

/**
 * Brings counters in; safe beside services that run.
 *
 * @throws CommandFailed; what was committed until then stays, and the same command goes on from there
 */
export async function importCounters(session: Session, config: Config, request: ImportRequest): Promise<ImportReport> {
  const startedAtMs = performance.now();
  const { source, overwrite, dryRun, yes } = request;
  const file = source.kind === 'file' ? source.file : null;
  // Nothing of a file that is broken anywhere is taken.
  const checked = source.kind === 'file' && file !== null ? await check(session, file, source.whole) : null;
  const sha256 = dryRun ? null : (checked?.sha256 ?? null);
  const servers = await openImportServers(session, config, yes);
  const bar = session.terminal.progress(dryRun ? 'comparing' : 'importing');
  let resume: ImportProgress | null = null;
  try {
    if (source.kind === 'file' && file !== null && sha256 !== null) {
      const into = await servers.pages.identity();
      resume = await ImportProgress.open(file, sha256, into, overwrite, source.restart);
    }
    const resumed = resume?.done ?? 0;
    const from = source.kind === 'redis' ? { redis: withoutPassword(source.url), match: source.match } : { file };
    const deed = dryRun ? null : await servers.audit.begin(imported({ ...from, overwrite }));
    const work = new Import(
      (batch) => (dryRun ? servers.importer.foresee(batch, overwrite) : servers.importer.commit(batch, overwrite)),
      async (done) => {
        bar.update(resumed + done, checked?.counters ?? 0);
        await resume?.note(resumed + done);
      },
    );
    if (source.kind === 'redis') await fromRedis(work, source);
    else await fromFile(session, work, source.file, source.whole, resumed);
    await work.finish();
    await resume?.finish();
    const { counts, skipped, told } = work;
    if (deed !== null) await servers.audit.finish(deed, { ...counts, resumed, skipped });
    return { ...counts, resumed, skipped, told, durationMs: Math.round(performance.now() - startedAtMs) };
  } catch (error) {
    throw serverFault('Postgres', error);
  } finally {
    await resume?.close();
    bar.stop();
    await servers.close();
  }
}

/** Where it is cut off, it stays with nothing after it: what was committed until then stays too. */
function imported(before: object): Deed {
  return { action: 'counters.import', by: theOperator(), subject: null, before, after: null };
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.pathname}`;
}

async function check(
  session: Session,
  file: string,
  whole: boolean,
): Promise<{ sha256: string | null; counters: number }> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw unreadable(error);
  });
  const bar: Progress = session.terminal.progress('checking (bytes)');
  const reader = new FileReader(whole);
  try {
    let bytes = 0;
    let counters = 0;
    await eachLine(createReadStream(file) as AsyncIterable<Buffer>, reader, (counter, line) => {
      bytes += line.length + 1;
      if (counter !== null) counters += 1;
      if (counters % BATCH === 0) bar.update(bytes, size);
      return null;
    });
    return { sha256: reader.sha256, counters };
  } finally {
    bar.stop();
  }
}

async function fromFile(
  { terminal }: Session,
  work: Import,
  file: string | null,
  whole: boolean,
  skip: number,
): Promise<void> {
  const stream = file === null ? terminal.streams.stdin : createReadStream(file);
  let seen = 0;
  await eachLine(stream as AsyncIterable<Buffer>, new FileReader(whole), (counter) => {
    if (counter === null) return null;
    seen += 1;
    return seen > skip ? work.take(counter) : null;
  });
}

/** @param each may ask to be waited for */
async function eachLine(
  stream: AsyncIterable<Buffer | string>,
  reader: FileReader,
  each: (counter: ImportedCounter | null, line: Buffer) => Promise<void> | null,
): Promise<void> {
  const lines = linesOf(bytesOf(stream));
  for (;;) {
    const step = await lines.next();
    if (step.done === true) {
      const last = reader.finish(step.value);
      if (last !== null) await each(last, step.value);
      return;
    }
    for (const line of step.value) {
      const pending = each(reader.read(line), line);
      if (pending !== null) await pending;
    }
  }
}

/** @throws CommandFailed where the source itself is at fault */
async function* bytesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): CommandFailed {
  return new CommandFailed(EXIT.data, `the file cannot be read: ${(error as Error).message}`);
}

/** @throws CommandFailed where the Redis that is read does not answer; taking in has faults of its own */
async function* stepsOf(client: Redis, match: string): AsyncGenerator<RedisStep> {
  try {
    yield* countersOfRedis(client, match);
  } catch (error) {
    throw serverFault('Redis', error, FROM_REDIS);
  }
}

async function fromRedis(work: Import, { url, match }: Extract<ImportSource, { kind: 'redis' }>): Promise<void> {
  const client = await connectRedis({ url, sentinel: null, cluster: null }, FROM_REDIS);
  try {
    for await (const { counters, skipped } of stepsOf(client, match)) {
      for (const counter of counters) await work.take(counter);
      for (const one of skipped) work.skip(one);
    }
  } finally {
    client.disconnect();
  }
}
