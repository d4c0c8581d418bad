import { Gathered } from '../domain/gathered.js';
import type { Identity } from './identity.js';

/**
 * Has one call of a script do what is wanted of single counters in one turn: after a flush readers miss together, and who
 * a Redis is costs a script more than all it does for a counter. Each call is under one identity.
 */
export class GatheredScripts<Item, Answer> {
  private readonly ofIdentity = new WeakMap<Identity, Gathered<Item, Answer>>();

  /** @param call answers in the order of the items */
  constructor(private readonly call: (items: readonly Item[], identity: Identity) => Promise<readonly Answer[]>) {}

  /** @throws what the call throws, for all that went with it */
  ask(item: Item, identity: Identity): Promise<Answer> {
    let gathered = this.ofIdentity.get(identity);
    if (gathered === undefined) {
      gathered = new Gathered((items) => this.call(items, identity));
      this.ofIdentity.set(identity, gathered);
    }
    return gathered.ask(item);
  }
}
