/** What edges said that they had counted, and whether the service has it in the end: each increment once. */
import type { FinalTruths } from './history.js';

interface Sums {
  acknowledged: number;
  unknown: number;
}

export interface EdgeVerdict {
  /** Sums that were acknowledged at an edge, and are not in the truth. */
  readonly lost: number;
  /** Sums in the truth beyond what was acknowledged and what is unknown. */
  readonly doubled: number;
  readonly violations: readonly string[];
}

export class EdgeLedger {
  /** Increments that were acknowledged, and those of which it never became known. */
  readonly increments = { acknowledged: 0, unknown: 0 };
  private readonly sums = new Map<string, Sums>();

  /** @param by above 0: what is missing must not be hidden by what is there twice */
  acknowledged(counter: string, by: number): void {
    this.increments.acknowledged += 1;
    this.of(counter).acknowledged += by;
  }

  /** It may have been counted, and must not be twice. */
  unknown(counter: string, by: number): void {
    this.increments.unknown += 1;
    this.of(counter).unknown += by;
  }

  check(truths: FinalTruths): EdgeVerdict {
    let [lost, doubled] = [0, 0];
    const violations: string[] = [];
    for (const [counter, { acknowledged, unknown }] of this.sums) {
      const value = truths.get(counter)?.value ?? 0;
      const said = `${counter} is ${value}, and edges acknowledged ${acknowledged} and left ${unknown} open`;
      if (value < acknowledged) {
        lost += acknowledged - value;
        violations.push(`lost: ${said}`);
      } else if (value > acknowledged + unknown) {
        doubled += value - acknowledged - unknown;
        violations.push(`doubled: ${said}`);
      }
    }
    return { lost, doubled, violations };
  }

  private of(counter: string): Sums {
    let sums = this.sums.get(counter);
    if (sums === undefined) {
      sums = { acknowledged: 0, unknown: 0 };
      this.sums.set(counter, sums);
    }
    return sums;
  }
}
