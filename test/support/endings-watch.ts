/** Holds what is told of counters that end against what was told before: versions have one meaning, and never go back. */
import type { CounterBody } from './counter-calls.js';

interface Told {
  readonly version: number;
  readonly isAbsent: boolean;
}

const NOTHING: Told = { version: 0, isAbsent: true };

/** What was known of a counter when something was asked. */
export type Floor = Told;

export class EndingsWatch {
  readonly faults: string[] = [];
  /** Answers that there was no counter. */
  ends = 0;
  private readonly known = new Map<string, Told>();
  private readonly meanings = new Map<string, string>();

  /** To be asked before each call. */
  floorOf(name: string): Floor {
    return this.known.get(name) ?? NOTHING;
  }

  /** A 404: its version is not told, but it is above that of every counter that was told of before the call. */
  sawNone(name: string, floor: Floor): void {
    this.ends += 1;
    this.note(name, { version: floor.isAbsent ? floor.version : floor.version + 1, isAbsent: true });
  }

  sawCounter({ name, version, value, createdAt, expiresAt }: CounterBody, floor: Floor): void {
    const isBehind = version < floor.version || (version === floor.version && floor.isAbsent);
    if (isBehind) this.faults.push(`${name}: v${version} after v${floor.version}${floor.isAbsent ? ', absent' : ''}`);
    this.note(name, { version, isAbsent: false });
    const meaning = `${value} ${createdAt} ${expiresAt}`;
    const before = this.meanings.get(`${name} ${version}`) ?? meaning;
    if (before !== meaning) this.faults.push(`${name}: v${version} is ${meaning}, and was ${before}`);
    this.meanings.set(`${name} ${version}`, before);
  }

  private note(name: string, told: Told): void {
    const before = this.floorOf(name);
    const isNewer = told.version > before.version || (told.version === before.version && told.isAbsent);
    if (isNewer) this.known.set(name, told);
  }
}
