/** So many at once; who comes then waits, first come first. */
export class Places {
  private readonly waiting: (() => void)[] = [];

  /** @param free how many there are, at least 1 */
  constructor(private free: number) {}

  /** Takes one if there is one now: whether it did. Without a promise, since mostly there is. */
  takeNow(): boolean {
    if (this.free === 0) return false;
    this.free -= 1;
    return true;
  }

  /** Waits for one, behind those who wait already. */
  async take(): Promise<void> {
    if (!this.takeNow()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Gives it to who waits longest. */
  give(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free += 1;
    else next();
  }
}
