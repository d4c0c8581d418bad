/** Edges that deliver to the service under torture: each is exact in the end, whatever happened to both. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EdgeClient } from './edge-client.js';
import { EdgeLedger, type EdgeVerdict } from './edge-ledger.js';
import { type Delivered, EdgeSite } from './edge-site.js';
import type { FinalTruths } from './history.js';
import { HttpClient } from './http-client.js';
import type { Instance } from './deployment.js';
import type { Random } from './random.js';
import type { Recorder } from './recorder.js';

const CLIENTS_PER_EDGE = 2;

/** Clients think between two increments: ten edges leave the machine to the service. */
const THINK_MS = 80;

/** After the last blow, an increment with a key must become known within this time. */
const SETTLE_MS = 40_000;

export interface EdgesReport extends EdgeVerdict, Delivered {
  readonly edges: number;
  /** Increments that were acknowledged, and those of which it never became known. */
  readonly acknowledged: number;
  readonly unknown: number;
  readonly cuts: number;
  readonly kills: number;
  /** Share of the time, 0 to 1, in which wires were cut off. */
  readonly cutShare: number;
}

export class Edges {
  private readonly http = new HttpClient();
  private readonly ledger = new EdgeLedger();
  private readonly limits = { giveUpAtMs: Infinity };
  private sites: readonly EdgeSite[] = [];
  private runs: Promise<void>[] = [];
  private clients: Promise<void>[] = [];
  private working = true;
  private delivered: Delivered = { deliveries: 0, items: 0 };

  constructor(
    private readonly instances: readonly Instance[],
    private readonly recorder: Recorder,
    private readonly random: Random,
  ) {}

  /** Starts them, with clients that count there. */
  async start(edges: number): Promise<void> {
    const { instances, http, recorder } = this;
    // Each of them listens for the end of this process.
    process.setMaxListeners(process.getMaxListeners() + edges);
    for (let index = 0; index < edges; index += 1) {
      const site = await EdgeSite.start(index, instances, http, recorder, this.random.fork());
      this.sites = [...this.sites, site];
      for (let client = 0; client < CLIENTS_PER_EDGE; client += 1) this.clients.push(this.count(site));
    }
    this.runs = this.sites.map((site) => this.orBreach(site, site.run()).then(() => undefined));
  }

  /** No new increments, no more cuts and blows; settles when all is delivered, and no edge runs any more. */
  async deliver(): Promise<void> {
    this.working = false;
    this.limits.giveUpAtMs = performance.now() + SETTLE_MS;
    for (const site of this.sites) site.stop();
    await Promise.all([...this.runs, ...this.clients]);
    const delivered = await Promise.all(this.sites.map((site) => this.orBreach(site, site.deliver())));
    const sum = (pick: (one: Delivered) => number) =>
      delivered.reduce((total, one) => total + (one === null ? 0 : pick(one)), 0);
    this.delivered = { deliveries: sum((one) => one.deliveries), items: sum((one) => one.items) };
  }

  /** @returns null where there are none */
  report(truths: FinalTruths): EdgesReport | null {
    const { sites, ledger } = this;
    if (sites.length === 0) return null;
    const sum = (what: keyof EdgeSite['struck']) => sites.reduce((total, { struck }) => total + struck[what], 0);
    return {
      edges: sites.length,
      ...ledger.increments,
      ...this.delivered,
      cuts: sum('cuts'),
      kills: sum('kills'),
      cutShare: sum('cutMs') / Math.max(1, sum('cutMs') + sum('openMs')),
      ...ledger.check(truths),
    };
  }

  /** Ends everything; nothing is left, whatever state it is in. */
  async close(): Promise<void> {
    this.working = false;
    this.limits.giveUpAtMs = 0;
    for (const site of this.sites) site.stop();
    await Promise.all(this.runs);
    await Promise.all(this.sites.map((site) => site.close()));
    await Promise.all(this.clients);
    this.http.close();
  }

  private async count(site: EdgeSite): Promise<void> {
    const random = this.random.fork();
    const client = new EdgeClient(site, this.http, this.ledger, this.recorder, random, this.limits);
    while (this.working) {
      await client.countOnce();
      await sleep(random.next() * THINK_MS);
    }
  }

  /** What failed about a place does not end the run: it is told, and the others go on. */
  private async orBreach<T>({ index }: EdgeSite, work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      this.recorder.breach(`edge ${index}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }
}
