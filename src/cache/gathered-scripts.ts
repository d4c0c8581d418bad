import type { Identity } from './identity.js';

interface Asked<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends what is wanted of single counters in the same turn of the event loop by one call of a script: after a flush readers
 * miss together, and who a Redis is costs a script more than all it does for a counter.
 */
export class GatheredScripts<Item, Answer> {
  private readonly asked = new Map<Identity, Asked<Item, Answer>[]>();

  /** @param call answers in the order of the items */
  constructor(private readonly call: (items: readonly Item[], identity: Identity) => Promise<readonly Answer[]>) {}

  /** @throws what the call throws, for all that went with it */
  ask(item: Item, identity: Identity): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = this.asked.get(identity);
      if (asked !== undefined) return void asked.push({ item, resolve, reject });
      this.asked.set(identity, [{ item, resolve, reject }]);
      setImmediate(() => void this.send(identity));
    });
  }

  private async send(identity: Identity): Promise<void> {
    const asked = this.asked.get(identity) ?? [];
    this.asked.delete(identity);
    try {
      const answers = await this.call(
        asked.map(({ item }) => item),
        identity,
      );
      asked.forEach(({ resolve, reject }, index) => {
        const answer = answers[index];
        if (answer === undefined) reject(new Error('a call answered less than it was asked'));
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
