/** Clients of counters that end by themselves, over HTTP and over the Redis protocol. */
import { fateOf } from './answers.js';
import type { Caller } from './caller.js';
import { pathOf } from './counters.js';
import type { RespCaller } from './resp-caller.js';
import { RespError } from './resp-client.js';
import type { WindowEntry } from './windows.js';

/** Of two instances of a rate limit, as it were; short enough for many ends in a run, some of them under a fault. */
const WINDOWS = [
  { name: 'window/short', ttlMs: 700 },
  { name: 'window/long', ttlMs: 4_000 },
] as const;

interface Answered {
  readonly value: number;
  readonly expiresAt: string | null;
}

export class WindowWorker {
  constructor(
    private readonly http: Caller,
    private readonly resp: RespCaller,
    private readonly entries: WindowEntry[],
  ) {}

  async workOnce(): Promise<void> {
    const { random } = this.http;
    const { name, ttlMs } = random.pick(WINDOWS);
    const draw = random.next();
    if (draw < 0.3) await this.incrementByHttp(name, ttlMs);
    else if (draw < 0.6) await this.incrementByResp(name, ttlMs);
    else await this.read(name);
  }

  private async incrementByHttp(counter: string, ttlMs: number): Promise<void> {
    const startMs = Date.now();
    const json = { by: 1, ttlMs, expiry: 'ifNone' };
    const timed = await this.http.send({ method: 'POST', path: `${pathOf(counter)}/increment`, json });
    if (timed === null) return;
    const { outcome } = timed;
    const fate = fateOf(outcome);
    if (fate.kind !== 'ok') this.http.noteFailure('write', outcome);
    if (fate.kind === 'refused') return;
    const isKnown = fate.kind === 'ok' && outcome.kind === 'answer';
    this.note('write', counter, startMs, isKnown ? seenIn(JSON.parse(outcome.body) as Answered) : null);
  }

  private async incrementByResp(counter: string, ttlMs: number): Promise<void> {
    const startMs = Date.now();
    const commands = [
      ['MULTI'],
      ['INCR', counter],
      ['PEXPIRE', counter, ttlMs, 'NX'],
      ['PEXPIRETIME', counter],
      ['EXEC'],
    ];
    const timed = await this.resp.send(commands);
    if (timed === null) return;
    const executed = timed.outcome.kind === 'replies' ? timed.outcome.replies.at(-1) : undefined;
    const [value, , endsAtMs] = Array.isArray(executed) ? (executed as readonly unknown[]) : [];
    const isKnown = typeof value === 'number' && typeof endsAtMs === 'number';
    if (!isKnown) this.resp.noteFailure('write', timed.outcome);
    if (executed instanceof RespError && /^(UNAVAILABLE|EXECABORT)/.test(executed.text)) return;
    this.note('write', counter, startMs, isKnown ? { value, endsAtMs } : null);
  }

  private async read(counter: string): Promise<void> {
    const startMs = Date.now();
    const timed = await this.http.send({ method: 'GET', path: pathOf(counter) });
    if (timed?.outcome.kind !== 'answer') return;
    const { status, body, headers } = timed.outcome;
    const unverified = String(headers['cache-status']).includes('detail=unverified');
    if (status === 404) this.note('read', counter, startMs, { value: 0, endsAtMs: 0 }, unverified);
    else if (status === 200) this.note('read', counter, startMs, seenIn(JSON.parse(body) as Answered), unverified);
  }

  private note(
    kind: WindowEntry['kind'],
    counter: string,
    startMs: number,
    seen: WindowEntry['seen'],
    unverified = false,
  ): void {
    this.entries.push({ kind, counter, startMs, endMs: Date.now(), seen, unverified });
  }
}

const seenIn = ({ value, expiresAt }: Answered): WindowEntry['seen'] => ({
  value,
  endsAtMs: expiresAt === null ? Infinity : Date.parse(expiresAt),
});
