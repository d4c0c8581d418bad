/** Answers that are kept until the next hour, the latest of them: what failed is not, and neither is that there is none. */
export class KeptForTheHour<T> {
  private readonly kept = new Map<string, { readonly hourMs: number; readonly answer: Promise<T | null> }>();

  /** @param most answers that are kept at once */
  constructor(private readonly most: number) {}

  /** The answer of this hour, which is made where it is not there; those who wait share it. */
  async get(key: string, hourMs: number, make: () => Promise<T | null>): Promise<T | null> {
    const found = this.kept.get(key);
    if (found?.hourMs === hourMs) return found.answer;
    const answer = make();
    this.kept.delete(key);
    this.kept.set(key, { hourMs, answer });
    const [oldest] = this.kept.keys();
    if (this.kept.size > this.most && oldest !== undefined) this.kept.delete(oldest);
    const forget = (): void => {
      if (this.kept.get(key)?.answer === answer) this.kept.delete(key);
    };
    void answer.then((made) => {
      if (made === null) forget();
    }, forget);
    return answer;
  }
}
