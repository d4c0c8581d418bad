import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** Written so often: an import that is cut off does at most this much again, which changes nothing a second time. */
const WRITE_EVERY_MS = 500;

const State = z.strictObject({
  sha256: z.string(),
  /** What it was brought into. */
  into: z.string(),
  overwrite: z.boolean(),
  done: z.int().min(0),
});

/** How far an import of a file has come, in a file beside it; gone when it is through. */
export class ImportProgress {
  private writtenAtMs = performance.now();
  private reached: number;

  private constructor(
    private readonly path: string,
    private readonly sha256: string,
    private readonly into: string,
    private readonly overwrite: boolean,
    /** Counters that an earlier run had done. */
    readonly done: number,
  ) {
    this.reached = done;
  }

  /**
   * @param into which counters it is brought into: in others nothing of it was done
   * @param restart begin anew, whatever an earlier run had done
   */
  static async open(
    file: string,
    sha256: string,
    into: string,
    overwrite: boolean,
    restart: boolean,
  ): Promise<ImportProgress> {
    const path = `${file}.progress`;
    const text = restart ? '' : await readFile(path, 'utf8').catch(() => '');
    const found = stateIn(text);
    const same = found?.sha256 === sha256 && found.into === into && found.overwrite === overwrite;
    return new ImportProgress(path, sha256, into, overwrite, same ? found.done : 0);
  }

  /** Notes that so many counters from the beginning are done. */
  async note(done: number): Promise<void> {
    this.reached = done;
    if (performance.now() - this.writtenAtMs > WRITE_EVERY_MS) await this.write();
  }

  /** The file is through: nothing is left to be gone on with. */
  async finish(): Promise<void> {
    this.reached = 0;
    await rm(this.path, { force: true });
  }

  /** Leaves word for the next run where this one ended early. */
  async close(): Promise<void> {
    if (this.reached > 0) await this.write();
  }

  private async write(): Promise<void> {
    this.writtenAtMs = performance.now();
    const { sha256, into, overwrite, reached } = this;
    const draft = `${this.path}.${process.pid}`;
    // A file system that takes no note does not keep an import from going on.
    await writeFile(draft, JSON.stringify({ sha256, into, overwrite, done: reached }))
      .then(() => rename(draft, this.path))
      .catch(() => undefined);
  }
}

function stateIn(text: string): z.output<typeof State> | null {
  try {
    return State.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
