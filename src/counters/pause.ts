/** What a loop does between two rounds: it waits, unless somebody has it go on at once. */
export class Pause {
  private end: () => void = () => undefined;

  /** Settles after `ms`, or when it is cut short. */
  async take(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.end = () => undefined;
  }

  /** Ends the pause at hand; nothing where there is none. */
  cutShort(): void {
    this.end();
  }
}
