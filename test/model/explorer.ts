/**
 * Explores every interleaving of a protocol, breadth first, so that a violation is found by a shortest trace.
 *
 * A state is a vector of small numbers (0 to 255). States lie side by side in one buffer and are found again through a
 * hash table of their indexes: millions of them fit into the memory of a test.
 */
export interface Model {
  /** The first state; all states are as long. */
  readonly initial: readonly number[];
  /** Offers every step that can be taken from `steps.state`. */
  successors(steps: Steps): void;
}

export interface Exploration {
  readonly verdict: 'sound' | 'violated' | 'too large';
  /** States whose successors were looked at, the one that led to the violation included. */
  readonly states: number;
  /** The steps that lead to the violation; empty without one. */
  readonly trace: readonly string[];
}

type Offer = (next: Uint8Array, violated: boolean, label: string, numbers: readonly number[]) => void;

/** The current state, and the way to offer what may come of it. */
export class Steps {
  state: Uint8Array;
  readonly #next: Uint8Array;
  readonly #offer: Offer;

  constructor(initial: Uint8Array, offer: Offer) {
    this.state = initial;
    this.#next = new Uint8Array(initial.length);
    this.#offer = offer;
  }

  /** A copy of the current state to change; there is only one at a time. */
  fork(): Uint8Array {
    this.#next.set(this.state);
    return this.#next;
  }

  /** Offers the fork as a step. Each `#` in the label stands for one of the numbers: labels are built for traces only. */
  take(label: string, violated: boolean, ...numbers: readonly number[]): void {
    this.#offer(this.#next, violated, label, numbers);
  }
}

/** A field of a state; fields outside it are 0. */
export function at(state: Uint8Array, field: number): number {
  return state[field] ?? 0;
}

/**
 * Explores a model until a violation, the end, or more than `maxStates` states (48 bytes each, or so).
 */
export function explore(model: Model, maxStates = 6_000_000): Exploration {
  const known = new StateSet(model.initial.length);
  const origins: number[] = [-1];
  let current = 0;
  const violations: string[] = [];

  known.add(Uint8Array.from(model.initial));
  const steps = new Steps(known.at(0), (next, violated, label, numbers) => {
    if (violated) violations.push(textOf(label, numbers));
    else if (known.add(next)) origins.push(current);
  });

  for (; current < known.size; current++) {
    steps.state = known.at(current);
    model.successors(steps);
    const [violation] = violations;
    if (violation !== undefined) {
      return {
        verdict: 'violated',
        states: current + 1,
        trace: [...traceTo(model, known, origins, current), violation],
      };
    }
    if (known.size > maxStates) return { verdict: 'too large', states: current + 1, trace: [] };
  }
  return { verdict: 'sound', states: known.size, trace: [] };
}

/** Walks back to the first state and asks each origin again which of its steps led on. */
function traceTo(model: Model, known: StateSet, origins: readonly number[], target: number): string[] {
  const trace: string[] = [];
  for (let to = target, from = origins[to] ?? -1; from >= 0; to = from, from = origins[to] ?? -1) {
    const reached = known.at(to);
    const taken: string[] = [];
    const steps = new Steps(known.at(from), (next, _violated, label, numbers) => {
      if (next.every((field, i) => field === reached[i])) taken.push(textOf(label, numbers));
    });
    model.successors(steps);
    trace.push(taken[0] ?? 'a step that cannot be repeated');
  }
  return trace.reverse();
}

function textOf(label: string, numbers: readonly number[]): string {
  let index = 0;
  return label.replaceAll('#', () => String(numbers[index++]));
}

/** A set of states of equal width, in order of arrival. */
class StateSet {
  size = 0;
  readonly #width: number;
  #states: Uint8Array;
  #capacity = 1 << 12;
  /** Open addressing: index + 1 of a state, 0 where free; at most half of it is used. */
  #slots: Int32Array;

  constructor(width: number) {
    this.#width = width;
    this.#states = new Uint8Array(width * this.#capacity);
    this.#slots = new Int32Array(this.#capacity * 2);
  }

  at(index: number): Uint8Array {
    return this.#states.subarray(index * this.#width, (index + 1) * this.#width);
  }

  /** Adds a state unless it is there; says whether it was new. */
  add(state: Uint8Array): boolean {
    if (this.size === this.#capacity) this.#grow();
    const slot = this.#slotOf(state);
    if (this.#slots[slot] !== 0) return false;
    this.#states.set(state, this.size * this.#width);
    this.#slots[slot] = ++this.size;
    return true;
  }

  #slotOf(state: Uint8Array): number {
    const width = this.#width;
    const states = this.#states;
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(state) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot] ?? 0;
      if (found === 0) return slot;
      const offset = (found - 1) * width;
      let i = 0;
      while (i < width && states[offset + i] === state[i]) i++;
      if (i === width) return slot;
    }
  }

  #grow(): void {
    this.#capacity *= 2;
    const states = new Uint8Array(this.#width * this.#capacity);
    states.set(this.#states);
    this.#states = states;
    this.#slots = new Int32Array(this.#capacity * 2);
    for (let index = 0; index < this.size; index++) this.#slots[this.#slotOf(this.at(index))] = index + 1;
  }
}

/** Taken once: a test runner looks up globals slowly, and this one is needed for each byte of each state. */
const { imul } = Math;

/** FNV-1a, its bits mixed once more because the table uses the lowest ones. */
function hashOf(state: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const field of state) hash = imul(hash ^ field, 0x01000193);
  hash = imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
