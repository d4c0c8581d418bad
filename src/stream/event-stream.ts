import type { ServerResponse } from 'node:http';
import type { Holder } from '../counters/shares.js';
import { HEARTBEAT } from './event.js';
import { MAX_BUFFERED_BYTES } from './limits.js';
import type { Subscription } from './subscription.js';

/** The stream of one client. */
export class EventStream {
  /** Names for its next snapshot, in order; null once that was sent. */
  private arriving: Set<string> | null;
  private response: ServerResponse | null = null;
  private begun = false;
  private texts: string[] = [];
  private lastSerial = -1;
  private allowedBytes = MAX_BUFFERED_BYTES;

  constructor(
    readonly subscription: Subscription,
    readonly holder: Holder,
  ) {
    this.arriving = new Set(subscription.names);
  }

  /** Whether it was sent a snapshot. */
  get hasBegun(): boolean {
    return this.begun;
  }

  /** Where its events go. */
  attach(response: ServerResponse): void {
    this.response = response;
  }

  /** What it was told before counts no more: the next that it is told of counters is a snapshot. */
  beginAnew(): void {
    this.arriving = new Set(this.subscription.names);
  }

  /** A counter that begins with one of its prefixes, for its snapshot. */
  expect(name: string): void {
    this.arriving?.add(name);
  }

  /** Takes an event about a counter, which goes out with the next `flush`; the same one only once. */
  offer(serial: number, name: string, text: string): void {
    if (this.lastSerial === serial) return;
    this.lastSerial = serial;
    // Its snapshot will show it.
    if (this.arriving === null) this.texts.push(text);
    else this.arriving.add(name);
  }

  /**
   * Sends the first events, or a new snapshot.
   *
   * @param snapshotOf the events, given the names that are to be in the snapshot
   * @returns false where the client is too far behind
   */
  begin(snapshotOf: (names: Iterable<string>) => string): boolean {
    const { response } = this;
    if (response === null || response.writableLength > this.allowedBytes) return false;
    const text = snapshotOf(this.arriving ?? []);
    this.arriving = null;
    // A snapshot may be larger than what may be waiting otherwise.
    this.allowedBytes = MAX_BUFFERED_BYTES + Buffer.byteLength(text);
    this.begun = true;
    response.write(text);
    return true;
  }

  /** @param text whole events; nothing is said before the first snapshot, which shows what was */
  say(text: string): void {
    if (this.begun) this.texts.push(text);
  }

  beat(): void {
    this.say(HEARTBEAT);
  }

  /**
   * Sends what was taken.
   *
   * @returns false where the client is too far behind
   */
  flush(): boolean {
    const { response } = this;
    if (response === null || this.texts.length === 0) return true;
    // What was sent before counts, not what goes out now: nobody had time to take that.
    if (response.writableLength > this.allowedBytes) return false;
    if (response.writableLength === 0) this.allowedBytes = MAX_BUFFERED_BYTES;
    response.write(this.texts.join(''));
    this.texts = [];
    return true;
  }

  /** Ends it after its last event. */
  end(text: string): void {
    this.say(text);
    this.flush();
    this.response?.end();
  }

  /** Ends it at once. */
  drop(): void {
    this.response?.destroy();
  }
}
