/** Clients that read: from the cache, from Postgres, and by asking whether what they know is still so. */
import { type Counted } from './answers.js';
import type { Caller, Timed } from './caller.js';
import { drawCounter, pathOf } from './counters.js';
import type { HttpAnswer } from './http-client.js';

const STRONG_SHARE = 0.1;
const CONDITIONAL_SHARE = 0.15;

/** Absence, as the history writes it. No counter of the torture is ever deleted. */
const ABSENT: Counted = { value: 0, version: 0 };

export class Reader {
  private readonly seen = new Map<string, Counted>();

  constructor(
    private readonly caller: Caller,
    private readonly number: number,
  ) {}

  async readOnce(): Promise<void> {
    await this.read(drawCounter(this.caller.random));
  }

  /**
   * Reads one counter, from any instance or the one named, in a way drawn by lot or from the cache.
   *
   * @returns where it was read from, in the words of `Cache-Status`; null where there was no answer
   */
  async read(name: string, how: 'any' | 'cached' = 'any', instance?: number): Promise<string | null> {
    const { random } = this.caller;
    const draw = how === 'any' ? random.next() : 1;
    const known = draw < CONDITIONAL_SHARE ? this.seen.get(name) : undefined;
    const strong = draw >= CONDITIONAL_SHARE && draw < CONDITIONAL_SHARE + STRONG_SHARE;
    const path = `${pathOf(name)}${strong ? '?consistency=strong' : ''}`;
    const headers: Record<string, string> = {};
    if (known !== undefined) headers['if-none-match'] = `"${known.version}"`;
    const timed = await this.caller.send({ method: 'GET', path, headers }, instance);
    if (timed === null) return null;
    const { outcome } = timed;
    const counted = outcome.kind === 'answer' ? this.countedIn(outcome, known) : null;
    if (counted === null || outcome.kind !== 'answer') {
      this.caller.noteFailure('read', outcome);
      return null;
    }
    this.seen.set(name, counted);
    const source = String(outcome.headers['cache-status'] ?? '');
    this.record(name, counted, timed, source);
    return source;
  }

  private countedIn({ status, body, headers }: HttpAnswer, known: Counted | undefined): Counted | null {
    switch (status) {
      case 200: {
        const { value, version } = JSON.parse(body) as Counted;
        return { value, version };
      }
      case 304:
        if (known !== undefined && headers.etag === `"${known.version}"`) return known;
        this.caller.recorder.breach(`304 with ETag ${String(headers.etag)} to If-None-Match "${known?.version ?? ''}"`);
        return null;
      case 404:
        return ABSENT;
      default:
        return null;
    }
  }

  private record(counter: string, counted: Counted, { startNs, endNs }: Timed, source: string): void {
    const unverified = source.includes('detail=unverified');
    const { number: client } = this;
    this.caller.recorder.read({ kind: 'read', client, counter, startNs, endNs, ...counted, unverified }, source);
  }
}
