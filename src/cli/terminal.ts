import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { stepsOf } from '../domain/steps.js';

/** Where a command reads from and writes to. Colours and bars only where a person looks. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

export type Cell = string | number | boolean | null;

/** A bar where a person looks, a line now and then elsewhere. */
export interface Progress {
  /** @param total so many in all, as far as is known by now */
  update(done: number, total: number): void;
  stop(): void;
}

/** Between two lines of progress where nobody looks: a log of a long run stays short. */
const PROGRESS_LINE_EVERY_MS = 10_000;

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

type Colour = 'red' | 'green' | 'yellow' | 'grey';

/** Results go to stdout, everything else to stderr: so that a result can be piped on. */
export class Terminal {
  /** @param colours whether they are wanted, where a person looks */
  constructor(
    readonly streams: Streams,
    private readonly colours = false,
  ) {}

  /** How wide a line may be; null where nobody looks. */
  get columns(): number | null {
    return this.streams.stdout.columns ?? null;
  }

  print(text: string): void {
    this.streams.stdout.write(`${text}\n`);
  }

  printJson(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  /** Tells something beside the result. */
  note(text: string): void {
    this.streams.stderr.write(`${text}\n`);
  }

  /** Rows under a head, in columns that line up; numbers to the right. */
  printTable(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const numeric = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
    const colAligns = numeric.map((isNumeric) => (isNumeric ? ('right' as const) : ('left' as const)));
    const texts = rows.map((row) => row.map((cell) => (cell === null ? '-' : shown(String(cell)))));
    // A table without rows has a head still.
    const parts = texts.length === 0 ? [[]] : stepsOf(texts, ROWS_TOGETHER);
    const colWidths = parts.length === 1 ? [] : widthsOf(head, parts);
    for (const [index, part] of parts.entries()) {
      const title = index === 0 ? head.map((each) => this.colour('grey', each)) : [];
      this.print(trimmed(tableOf(part, { head: title, colAligns, colWidths })));
    }
  }

  /** Names and values, one pair a line. */
  printPairs(pairs: readonly (readonly [string, Cell])[]): void {
    const width = Math.max(...pairs.map(([name]) => name.length));
    for (const [name, value] of pairs) {
      this.print(`${name.padEnd(width)}  ${value === null ? '-' : shown(String(value))}`);
    }
  }

  /** The text in a colour where a person looks and wants colours, else as it is. */
  colour(colour: Colour, text: string): string {
    if (!this.colours || this.streams.stdout.isTTY !== true) return text;
    // Whether a person looks was asked of the stream that is written to, which need not be this process's own.
    return styleText(colour, text, { validateStream: false });
  }

  /**
   * Asks for a yes.
   *
   * @returns null where nobody is there to be asked
   */
  async confirm(question: string): Promise<boolean | null> {
    const { stdin, stderr } = this.streams;
    if (stdin.isTTY !== true || stderr.isTTY !== true) return null;
    const lines = createInterface({ input: stdin, output: stderr });
    try {
      return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
    } finally {
      lines.close();
    }
  }

  /** A bar where a person looks, else a line now and then. */
  progress(what: string): Progress {
    return this.streams.stderr.isTTY === true ? this.bar(what) : this.lines(what);
  }

  private bar(what: string): Progress {
    const bar = new SingleBar({
      stream: this.streams.stderr,
      format: `${what} {bar} {value} of about {total}, {duration_formatted}, {eta_formatted} left`,
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 50,
    });
    bar.start(0, 0);
    return {
      update: (done, total) => {
        bar.setTotal(Math.max(done, total));
        bar.update(done);
      },
      stop: () => bar.stop(),
    };
  }

  private lines(what: string): Progress {
    let toldAtMs = performance.now();
    return {
      update: (done, total) => {
        if (performance.now() - toldAtMs < PROGRESS_LINE_EVERY_MS) return;
        toldAtMs = performance.now();
        this.note(`${what}: ${done} of about ${Math.max(done, total)}`);
      },
      stop: () => undefined,
    };
  }
}

/** Rows that are laid out together: what that takes grows with the square of them. */
const ROWS_TOGETHER = 100;

/** How wide each column must be for all parts: as wide as the line of its title is when it stands alone. */
function widthsOf(head: readonly string[], parts: readonly string[][][]): number[] {
  return head.map((title, column) => {
    const widths = parts.map((part) => {
      const alone = part.map((row) => [row[column] ?? '']);
      return tableOf(alone, { head: [title], colAligns: ['left'], colWidths: [] }).split('\n', 1)[0]?.length ?? 0;
    });
    return widths.reduce((widest, width) => Math.max(widest, width), 0);
  });
}

function tableOf(rows: string[][], options: Table.TableConstructorOptions): string {
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 };
  const table = new Table({ ...options, chars: PLAIN, style });
  table.push(...rows);
  return table.toString();
}

/** Characters that are not seen but change how a line looks: text that runs backwards could pass for another name. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text as a line may show it. */
export function shown(text: string): string {
  return text.replace(UNSEEN, (found) => `\\u{${found.codePointAt(0)?.toString(16) ?? ''}}`);
}

function trimmed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}
