import { certificateFault } from '../config/certificates.js';
import { DatabaseHost, type HostAnswer } from './database-host.js';

/** How long the first answer of a primary, or the last of all, is waited for; well below what a connection may take. */
export const FIND_TIMEOUT_MS = 400;

/** One server of a list, as it was found to be the one that takes writes. */
export interface Primary {
  readonly host: DatabaseHost;
  readonly timeline: number;
}

/** None of the servers takes writes, as far as they answer; the message tells what each said. */
export class NoPrimary extends Error {
  override readonly name = 'NoPrimary';
}

/**
 * Finds the server that takes writes among those of one database. Of several that say so the one on the highest timeline
 * is right: each promotion begins a new one, and who is on a lower one was replaced and does not know it yet. For the
 * same reason none is taken that is on a lower one than was ever seen.
 */
export class PrimaryFinder {
  readonly hosts: readonly DatabaseHost[];
  private highest = 0;
  private system: string | null = null;
  private current: DatabaseHost | null = null;
  /** Those whose answers were not waited for the last time. */
  private readonly silent = new Set<DatabaseHost>();

  /** @param urls of one host each */
  constructor(urls: readonly string[]) {
    this.hosts = urls.map((url) => new DatabaseHost(url));
  }

  /**
   * Asks all servers at once. Once a primary has answered, those that did not answer the last time are not waited for.
   *
   * @throws NoPrimary, or what is held against a server's certificate where that may be the reason
   */
  async find(): Promise<Primary> {
    const answers = new Map<DatabaseHost, HostAnswer | Error>();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, FIND_TIMEOUT_MS);
      const note = (host: DatabaseHost, answer: HostAnswer | Error): void => {
        answers.set(host, answer);
        this.silent.delete(host);
        const missing = this.hosts.filter((one) => !answers.has(one));
        if (missing.length > 0 && !(this.bestOf(answers) !== null && missing.every((one) => this.silent.has(one))))
          return;
        clearTimeout(timer);
        resolve();
      };
      for (const host of this.hosts) {
        host.ask().then(
          (answer) => note(host, answer),
          (error: unknown) => note(host, new Error(wordsOf(error), { cause: error })),
        );
      }
    });
    const found = new Map(answers);
    for (const host of this.hosts) if (!found.has(host)) this.silent.add(host);
    const best = this.bestOf(found);
    if (best === null) throw this.faultOf(found);
    const { host, timeline } = best;
    this.take(host, timeline, found.get(host));
    return { host, timeline };
  }

  /**
   * What a new session says about its server, which may be another one by now.
   *
   * @throws NoPrimary
   */
  accept(host: DatabaseHost, answer: HostAnswer): Primary {
    const reason = this.reasonAgainst(answer);
    if (reason !== null || answer.timeline === null) throw new NoPrimary(`no primary at ${host.name}: ${reason}`);
    this.take(host, answer.timeline, answer);
    return { host, timeline: answer.timeline };
  }

  /** Ends the connections over which servers are asked; they come back with the next question. */
  close(): void {
    for (const host of this.hosts) host.close();
  }

  private take(host: DatabaseHost, timeline: number, answer: HostAnswer | Error | undefined): void {
    this.highest = Math.max(this.highest, timeline);
    this.current = host;
    if (answer !== undefined && !(answer instanceof Error)) this.system = answer.system;
  }

  private bestOf(answers: ReadonlyMap<DatabaseHost, HostAnswer | Error>): Primary | null {
    let best: Primary | null = null;
    for (const [host, answer] of answers) {
      if (answer instanceof Error || answer.timeline === null || this.reasonAgainst(answer) !== null) continue;
      const { timeline } = answer;
      // Two on the same timeline were both promoted by hand: whoever was taken before stays.
      const better = best === null || timeline > best.timeline || (timeline === best.timeline && host === this.current);
      if (better) best = { host, timeline };
    }
    return best;
  }

  private reasonAgainst({ system, timeline }: HostAnswer): string | null {
    if (timeline === null) return 'is a standby';
    // Its timelines say nothing about ours.
    if (this.system !== null && system !== this.system) {
      return `holds another database (system identifier ${system} instead of ${this.system})`;
    }
    return timeline < this.highest ? `is on timeline ${timeline}, and ${this.highest} was seen` : null;
  }

  private faultOf(answers: ReadonlyMap<DatabaseHost, HostAnswer | Error>): Error {
    const reasons = this.hosts.map((host) => {
      const answer = answers.get(host) ?? new Error(`did not answer within ${FIND_TIMEOUT_MS / 1000} s`);
      const reason = answer instanceof Error ? answer.message || answer.name : this.reasonAgainst(answer);
      return `${host.name}: ${reason}`;
    });
    const causes = [...answers.values()].filter((answer) => answer instanceof Error);
    const untrusted = causes.find(({ cause }) => certificateFault(cause as object) !== null);
    if (untrusted !== undefined) return untrusted.cause as Error;
    return new NoPrimary(`no primary at ${this.hosts.map(({ name }) => name).join(', ')} (${reasons.join('; ')})`);
  }
}

/** Node gives one that stands for several no message, but names. */
function wordsOf(error: unknown): string {
  const { message, name } = error as Error;
  return message || name;
}
