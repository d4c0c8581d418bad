import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { type ExportTarget, type Resumed, told } from './export-target.js';
import { headerLine } from './format.js';
import { linesOf } from './lines.js';

/** A file that grows beside its place until it is whole. */
export class ExportFile implements ExportTarget {
  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    readonly hash: Hash,
    readonly resumed: Resumed | null,
  ) {}

  /**
   * Opens the file of a new export, or of one that was cut off.
   *
   * @param of which counters are exported: those of another database do not go on with it
   * @param restart begin anew, whatever is there
   * @throws CommandFailed where that is the file of another export
   */
  static async open(path: string, prefix: string, of: string, restart: boolean): Promise<ExportFile> {
    const part = `${path}.part`;
    if (restart) await rm(part, { force: true });
    const handle = await told(part, () => open(part, 'a+', OWNER_ONLY));
    const hash = createHash('sha256');
    const found = await wholeLines(part, hash, headerLine(prefix)).catch(async (error: unknown) => {
      await handle.close();
      throw error;
    });
    const note = originOf(path);
    if (found.lines === 0) {
      await told(note, async () => {
        await handle.truncate(0);
        await writeFile(note, of, { mode: OWNER_ONLY });
      });
      return new ExportFile(path, handle, createHash('sha256'), null);
    }
    if ((await readFile(note, 'utf8').catch(() => '')) !== of) {
      await handle.close();
      throw new CommandFailed(EXIT.failed, `${part} is of another database`, '--restart begins anew');
    }
    await handle.truncate(found.bytes);
    return new ExportFile(path, handle, hash, found);
  }

  async write(text: string): Promise<void> {
    await told(`${this.path}.part`, () => this.handle.appendFile(text));
  }

  async finish(): Promise<void> {
    await told(this.path, async () => {
      await this.handle.sync();
      await this.handle.close();
      await rename(`${this.path}.part`, this.path);
      await rm(originOf(this.path), { force: true });
    });
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** Says of which counters the file is that grows; gone when it is whole. */
const originOf = (path: string): string => `${path}.part.of`;

/** Counts may be nobody else's business. */
const OWNER_ONLY = 0o600;

/** Goes through what an earlier run wrote; its last line may be half written. */
async function wholeLines(
  part: string,
  hash: Hash,
  header: string,
): Promise<{ bytes: number; lines: number; lastName: string }> {
  const found = { bytes: 0, lines: 0, lastName: '' };
  let last: Buffer | null = null;
  for await (const lines of linesOf(createReadStream(part) as AsyncIterable<Buffer>)) {
    for (const line of lines) {
      const isFirst = found.bytes === 0;
      if (isFirst && `${line.toString('utf8')}\n` !== header) {
        throw new CommandFailed(EXIT.failed, `${part} is of another export`, '--restart begins anew');
      }
      hash.update(line).update('\n');
      found.bytes += line.length + 1;
      if (!isFirst) found.lines += 1;
      last = line;
    }
  }
  if (last !== null && found.lines > 0) found.lastName = (JSON.parse(last.toString('utf8')) as { name: string }).name;
  return found;
}
