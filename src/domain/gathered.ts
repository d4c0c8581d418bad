interface Asked<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends together what is asked for in one turn of the event loop: what surrounds a call costs more than an item of it. */
export class Gathered<Item, Answer> {
  private asked: Asked<Item, Answer>[] = [];

  /** @param send answers in the order of the items */
  constructor(private readonly send: (items: readonly Item[]) => Promise<readonly Answer[]>) {}

  /** @throws what `send` throws, for all that went together */
  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.asked.push({ item, resolve, reject });
      if (this.asked.length === 1) setImmediate(() => void this.sendAll());
    });
  }

  private async sendAll(): Promise<void> {
    const { asked } = this;
    this.asked = [];
    try {
      const answers = await this.send(asked.map(({ item }) => item));
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
