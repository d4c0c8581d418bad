/**
 * A place that counts and is cut off nine tenths of the time: an edge as a process with its file, which is killed now and
 * then, behind a wire of its own to the service.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeStatus } from '../../src/edge/edge.js';
import { EdgeFile, firstOf } from '../../src/edge/edge-file.js';
import { type EdgeProcess, startEdgeProcess } from '../support/edge.js';
import { scratchFolder } from '../support/scratch.js';
import { type ProxyMode, type Target, TcpProxy } from '../support/tcp-proxy.js';
import type { Instance } from './deployment.js';
import type { HttpClient, HttpOutcome } from './http-client.js';
import type { Random } from './random.js';
import type { Recorder } from './recorder.js';

/** From and up to: long enough for some deliveries, or for one that is cut off. */
const OPEN_MS = [100, 900] as const;
const CUT_TIMES_AS_LONG = 9;

/** Share of rounds with a blow; half of the blows fall while the wire is open. */
const KILL_SHARE = 0.25;

/** What was delivered is counted, and nobody hears of it. */
const UNHEARD: ProxyMode = { kind: 'half-open', lost: 'to client' };
const CUTS: readonly ProxyMode[] = [
  UNHEARD,
  UNHEARD,
  { kind: 'half-open', lost: 'to server' },
  { kind: 'silent' },
  { kind: 'hold' },
  { kind: 'reset' },
  { kind: 'refuse' },
];

/** With the wire open for good; a busy machine needs a part of it. */
const DELIVER_LIMIT_MS = 120_000;
const LOOK_MS = 100;

/** What came of a place, by its file. */
export interface Delivered {
  readonly deliveries: number;
  readonly items: number;
}

export class EdgeSite {
  readonly struck = { cuts: 0, kills: 0, openMs: 0, cutMs: 0 };
  private process: EdgeProcess | null = null;
  private readonly end = new AbortController();

  private constructor(
    readonly index: number,
    private readonly wire: TcpProxy,
    private readonly file: string,
    private readonly instances: readonly Instance[],
    private readonly http: HttpClient,
    private readonly recorder: Recorder,
    private readonly random: Random,
  ) {}

  static async start(
    index: number,
    instances: readonly Instance[],
    http: HttpClient,
    recorder: Recorder,
    random: Random,
  ): Promise<EdgeSite> {
    const target = targetOf(instances, random);
    if (target === null) throw new Error('no instance runs');
    const file = join(await scratchFolder(), 'edge.db');
    const site = new EdgeSite(index, await TcpProxy.start(target), file, instances, http, recorder, random);
    try {
      await site.startProcess();
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  /** Where it counts; null while it does not run. */
  get url(): string | null {
    return this.process?.url ?? null;
  }

  /** Opens and cuts the wire, and kills the edge now and then, until it is told to stop; the edge runs then. */
  async run(): Promise<void> {
    const { random, end } = this;
    while (!end.signal.aborted) {
      const openMs = random.whole(...OPEN_MS);
      const cut = random.pick(CUTS);
      const killed = random.chance(KILL_SHARE);
      const killMs = random.next() * openMs * random.pick([1, CUT_TIMES_AS_LONG]);
      await Promise.all([this.openAndCut(openMs, cut), killed ? this.killAfter(killMs) : null]);
    }
  }

  /** No more cuts and blows. */
  stop(): void {
    this.end.abort();
  }

  /** Opens the wire for good, and waits until all is delivered; then the edge is killed once more, and its file read. */
  async deliver(): Promise<Delivered> {
    if (this.process === null) await this.startProcess();
    await this.open();
    const deadlineMs = performance.now() + DELIVER_LIMIT_MS;
    for (;;) {
      const status = await this.status();
      if (status !== null && (status.state !== 'counting' || status.refused.length > 0)) {
        this.recorder.breach(`edge ${this.index} waits for somebody to decide: ${JSON.stringify(status)}`);
        break;
      }
      if (status?.waiting.increments === 0 && status.waiting.items === 0) break;
      if (performance.now() > deadlineMs) {
        this.recorder.breach(`edge ${this.index} could not deliver all: ${JSON.stringify(status)}`);
        break;
      }
      await sleep(LOOK_MS);
      await this.hurry();
    }
    await this.kill();
    const file = EdgeFile.open(this.file);
    const { deliveries } = firstOf(file.all<{ deliveries: number }>('SELECT count(*) AS deliveries FROM deliveries'));
    const { last: items } = file.row;
    file.close();
    return { deliveries, items };
  }

  /** Ends everything; nothing is left. */
  async close(): Promise<void> {
    this.stop();
    await this.kill();
    await this.wire.setMode({ kind: 'reset' });
    await this.wire.close();
  }

  private async openAndCut(openMs: number, cut: ProxyMode): Promise<void> {
    const { struck, wire } = this;
    const openedMs = performance.now();
    await this.open();
    await this.pause(openMs);
    await wire.setMode(cut);
    const cutMs = performance.now();
    struck.cuts += 1;
    await this.pause(CUT_TIMES_AS_LONG * (cutMs - openedMs));
    // The last one is cut short.
    if (this.end.signal.aborted) return;
    struck.openMs += cutMs - openedMs;
    struck.cutMs += performance.now() - cutMs;
  }

  /** To an instance that runs, as a load balancer would; and the edge is told, as by somebody who plugged the cable in. */
  private async open(): Promise<void> {
    const { wire } = this;
    const target = targetOf(this.instances, this.random);
    if (target !== null) wire.retarget(target);
    // A connection that lost bytes never speaks again; what was held back arrives late.
    if (wire.mode.kind !== 'hold') await wire.setMode({ kind: 'reset' });
    await wire.setMode({ kind: 'pass' });
    await this.hurry();
  }

  private async killAfter(ms: number): Promise<void> {
    await this.pause(ms);
    if (this.end.signal.aborted) return;
    await this.kill();
    this.struck.kills += 1;
    await this.startProcess();
  }

  private async startProcess(): Promise<void> {
    this.process = await startEdgeProcess(`http://127.0.0.1:${this.wire.port}`, this.file);
  }

  private async kill(): Promise<void> {
    // Its port may be another program's a moment later: from now on nobody may call it.
    const victim = this.process;
    this.process = null;
    const exit = await victim?.kill();
    if (exit === undefined || exit.signal === 'SIGKILL') return;
    this.recorder.breach(`edge ${this.index} ended by itself: ${JSON.stringify(exit)}`);
  }

  private async hurry(): Promise<void> {
    await this.ask('POST', '/v1/edge/retry');
  }

  private async status(): Promise<EdgeStatus | null> {
    const outcome = await this.ask('GET', '/v1/edge');
    if (outcome?.kind !== 'answer' || outcome.status !== 200) return null;
    return JSON.parse(outcome.body) as EdgeStatus;
  }

  private async ask(method: 'GET' | 'POST', path: string): Promise<HttpOutcome | null> {
    const { url } = this;
    if (url === null) return null;
    return this.http.send(url, { method, path, ...(method === 'POST' ? { json: {} } : {}) });
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.end.signal }).catch(() => undefined);
  }
}

function targetOf(instances: readonly Instance[], random: Random): Target | null {
  const urls = instances.flatMap(({ url }) => url ?? []);
  return urls.length === 0 ? null : { host: '127.0.0.1', port: Number(new URL(random.pick(urls)).port) };
}
