/** Connections to one port, in as many processes as it takes to hold them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ask, Done, Order, Plan } from './crowd.js';

const PROGRAM = fileURLToPath(new URL('crowd.ts', import.meta.url));
const RUN_TYPESCRIPT = new URL('../../test/support/run-typescript.mjs', import.meta.url).href;

/** Half of the ports that an address has by itself, since some are taken, and the search for a free one takes longer. */
const PER_ADDRESS = 14_000;

/** What else a process of the crowd has open. */
const OTHER_FILES = 100;

export class Crowds {
  private readonly members: readonly ChildProcess[];
  private readonly share: number;

  /**
   * @param most connections that are ever open, of all processes together
   * @param filesOfEach that a process may have open
   */
  constructor(
    private readonly port: number,
    private readonly ask: Ask,
    most: number,
    filesOfEach: number,
  ) {
    const processes = Math.ceil(most / (filesOfEach - OTHER_FILES));
    this.share = Math.ceil(most / processes);
    this.members = Array.from({ length: processes }, () =>
      fork(PROGRAM, { execArgv: ['--import', RUN_TYPESCRIPT], stdio: 'inherit' }),
    );
  }

  /** Opens so many more, each with its first request answered. */
  open(count: number): Promise<Done> {
    return this.all(count, (part, member) => ({ kind: 'open', plan: this.planOf(member), count: part }));
  }

  /** Asks on so many of the connections, and does not wait for the answers. */
  send(ask: Ask, count: number): Promise<Done> {
    return this.all(count, (part) => ({ kind: 'send', ask, count: part }));
  }

  /** Waits for them. */
  answers(): Promise<Done> {
    return this.all(0, () => ({ kind: 'answers' }));
  }

  close(): Promise<Done> {
    return this.all(0, () => ({ kind: 'close' }));
  }

  /** Ends the processes. */
  end(): void {
    for (const member of this.members) member.kill('SIGKILL');
  }

  private planOf(member: number): Plan {
    const addresses = Array.from({ length: Math.ceil(this.share / PER_ADDRESS) }, (_, index) => {
      return `127.${1 + (this.port % 250)}.${member}.${1 + index}`;
    });
    return { port: this.port, addresses, ask: this.ask };
  }

  /** An order to each process, with its part of the count. */
  private async all(count: number, orderOf: (part: number, member: number) => Order): Promise<Done> {
    const { length } = this.members;
    const done = await Promise.all(
      this.members.map(async (member, index) => {
        const part = Math.floor(count / length) + (index < count % length ? 1 : 0);
        const answer = once(member, 'message') as Promise<[Done]>;
        member.send(orderOf(part, index));
        return (await answer)[0];
      }),
    );
    const sum = (of: keyof Done): number => done.reduce((total, one) => total + one[of], 0);
    return { open: sum('open'), failed: sum('failed') };
  }
}
