import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf, placeOf } from '../config/address.js';
import { type ClusterSettings, type RedisServers, serverAt } from '../config/redis-servers.js';
import { primariesIn, slotOf, TAGS, unitOfSlot, UNITS } from './cluster-map.js';
import { ClusterNode, type NodeAnswer } from './cluster-node.js';
import { type ClusterLook, lookOf } from './cluster-sightings.js';
import type { Line } from './line.js';
import { grouped } from '../domain/grouped.js';
import { FIRST_CONTACT_MS } from './redis-client.js';
import { CacheUnavailable } from './redis-connection.js';
import type { Post, Servers, ServerView, Sighting } from './sighting.js';

/** Keys whose absence tells of a flush: a part of them at each look, so that all are seen within a second. */
const SENTINEL_KEYS = TAGS.map((tag) => `evercount:sentinel:${tag}`);
const SENTINEL_TURNS = 5;

/** A server that nobody told of at so many looks in a row is none of this cluster any more. */
const FORGOTTEN_AFTER_LOOKS = 50;

/** Between two looks of whoever waits for the first connections. */
const FIRST_LOOK_PAUSE_MS = 50;

/**
 * The servers of a Redis Cluster, each by a connection of its own. What a server says of itself counts, and nothing that
 * others say of it; nobody is sent on by anybody, and nothing is found out between two looks.
 */
export class ClusterServers implements Servers {
  readonly unitCount = UNITS;
  readonly foundBy = 'cluster';
  private readonly nodes = new Map<string, ClusterNode>();
  private readonly listeners: (() => void)[] = [];
  private last: ClusterLook | null = null;
  private answered: readonly NodeAnswer[] = [];
  private looks = 0;
  private closed = false;

  constructor(
    private readonly servers: RedisServers,
    private readonly settings: ClusterSettings,
    private readonly commandTimeoutMs: number,
  ) {
    this.seed();
  }

  get views(): readonly ServerView[] {
    const units = new Map<string, Set<number>>();
    this.last?.owners.forEach((owner, slot) => {
      if (owner === null) return;
      const found = units.get(owner.node.address) ?? new Set();
      units.set(owner.node.address, found.add(unitOfSlot(slot)));
    });
    return [...this.nodes.values()]
      .filter(({ role, address }) => role !== 'replica' || units.has(address))
      .map(({ address, role }) => ({ address, role, units: units.get(address)?.size ?? 0 }));
  }

  get fault(): string | null {
    const away = (this.last?.units ?? [null]).filter((unit) => unit === null).length;
    if (away === 0) return null;
    const reason = [...this.nodes.values()].find(({ fault }) => fault !== null)?.fault ?? 'no primary claims them';
    return this.answered.length === 0 ? reason : `${away} of ${UNITS} units are away: ${reason}`;
  }

  unitOf(key: string): number {
    return unitOfSlot(slotOf(key));
  }

  ownerOf(key: string): Post | null {
    return this.last?.owners[slotOf(key)] ?? null;
  }

  lineOf(key: string): Line {
    const owner = this.ownerOf(key);
    if (owner === null) throw new CacheUnavailable('no server of the cluster has this slot');
    return owner.line;
  }

  lines(): readonly Line[] {
    return [...new Set(this.last?.owners)].flatMap((owner) => (owner === null ? [] : [owner.line]));
  }

  sentinelKeyOf(unit: number): string {
    return SENTINEL_KEYS[unit] ?? '';
  }

  async look(): Promise<readonly (Sighting | null)[]> {
    const turn = this.looks % SENTINEL_TURNS;
    this.looks += 1;
    const due: { readonly owner: ClusterNode; readonly key: string }[] = [];
    for (let unit = turn; unit < UNITS; unit += SENTINEL_TURNS) {
      const key = this.sentinelKeyOf(unit);
      const owner = this.last?.owners[slotOf(key)]?.node;
      if (owner !== undefined) due.push({ owner, key });
    }
    const dueOf = grouped(due, ({ owner }) => owner);
    const nodes = [...this.nodes.values()];
    const answers = await Promise.all(nodes.map((node) => node.ask((dueOf.get(node) ?? []).map(({ key }) => key))));
    this.answered = answers.filter((answer) => answer !== null);
    this.last = lookOf(this.answered, SENTINEL_KEYS, this.last);
    if (!this.closed) this.follow();
    return this.last.units;
  }

  leave(): void {
    // Nobody leads anywhere: each look finds the servers anew.
  }

  onTurn(listener: () => void): void {
    this.listeners.push(listener);
  }

  async whenReady(): Promise<void> {
    const deadlineMs = performance.now() + FIRST_CONTACT_MS;
    while ((await this.look()).includes(null)) {
      if (performance.now() > deadlineMs) throw new CacheUnavailable(this.fault ?? 'the cluster does not answer');
      await sleep(FIRST_LOOK_PAUSE_MS);
    }
  }

  close(): void {
    this.closed = true;
    for (const node of this.nodes.values()) node.close();
  }

  /** Connects to whom the servers tell of, and lets go of whom nobody knows any more. */
  private follow(): void {
    if (this.answered.length === 0) {
      this.seed();
      return;
    }
    // Each of them knows all; one will do, another one each time, since one may be cut off from the others.
    const teller = this.answered[this.looks % this.answered.length];
    const told = new Set(primariesIn(teller?.nodes ?? '').map(({ address }) => address));
    for (const address of told)
      this.add(address, this.settings.addresses.get(address) ?? addressOf(address, null), false);
    const ids = new Set([...this.nodes.values()].filter(({ isSeed }) => !isSeed).map(({ id }) => id));
    for (const node of this.nodes.values()) {
      const isClaiming = this.answered.some((answer) => answer.node === node && answer.view.slots.length > 0);
      node.unheardOf = told.has(node.address) || isClaiming ? 0 : node.unheardOf + 1;
      // The same server by the name that the cluster has for it, or none of it any more.
      const isDouble = node.isSeed && node.id !== null && ids.has(node.id);
      if (isDouble || node.unheardOf >= FORGOTTEN_AFTER_LOOKS) this.drop(node);
    }
  }

  private seed(): void {
    for (const seed of this.settings.seeds) {
      const address = placeOf(seed);
      this.add(address, this.settings.addresses.get(address) ?? seed, true);
    }
  }

  private add(address: string, reached: ReturnType<typeof addressOf>, isSeed: boolean): void {
    if (this.nodes.has(address) || reached === null) return;
    const node = new ClusterNode(address, serverAt(this.servers, reached), isSeed, this.commandTimeoutMs);
    node.onTurn(() => this.turned());
    this.nodes.set(address, node);
  }

  private turned(): void {
    for (const listener of this.listeners) listener();
  }

  private drop(node: ClusterNode): void {
    this.nodes.delete(node.address);
    node.close();
  }
}
