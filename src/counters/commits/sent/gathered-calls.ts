import type { Creator, Write } from '../../../domain/operation.js';
import type { SentCall, SentCalls } from './messages.js';

/** The calls of a turn, on their way into one message. */
export class GatheredCalls {
  private firstId = 0;
  private readonly names: string[] = [];
  private readonly bys: number[] = [];
  private creators: number[] = [];
  private readonly accounts: Creator[] = [];
  private readonly others: SentCall[] = [];
  /** Where in `accounts` each key was put last. */
  private readonly places = new Map<string, number>();
  /** Of everything in it. */
  readonly ids: number[] = [];

  /** @param id one more than that of the increment before it, if any other is in the message */
  addIncrement(id: number, name: string, by: number, creator: Creator | null): void {
    if (this.names.length === 0) this.firstId = id;
    if (creator !== null && this.creators.length === 0) this.creators = this.names.map(() => -1);
    this.names.push(name);
    this.bys.push(by);
    if (this.creators.length > 0 || creator !== null) this.creators.push(this.placeOf(creator));
    this.ids.push(id);
  }

  add(call: SentCall): void {
    this.others.push(call);
    this.ids.push(call.id);
  }

  get message(): SentCalls {
    const { firstId, names, bys, creators, accounts, others } = this;
    return { kind: 'calls', increments: { firstId, names, bys, creators, accounts }, others };
  }

  private placeOf(creator: Creator | null): number {
    if (creator === null) return -1;
    const known = this.places.get(creator.keyId) ?? -1;
    const there = this.accounts[known];
    if (there?.maxNames === creator.maxNames && there.names === creator.names) return known;
    const place = this.accounts.push(creator) - 1;
    this.places.set(creator.keyId, place);
    return place;
  }
}

/** Whether an increment is told by its counter and what it adds alone. */
export function isPlain({ operation, key }: Write): boolean {
  return key === null && operation.kind === 'increment' && operation.expiry === undefined;
}
