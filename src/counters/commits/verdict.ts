import type { KeptKey, UsedKey } from '../../store/idempotency-keys.js';
import type { Locked } from '../../store/decided-batches.js';
import type { Truth } from '../../domain/counter.js';
import type { Deed } from '../../domain/deed.js';
import { decide } from './decide.js';
import { deedOf } from './deed-rule.js';
import { leftAt } from './expiry-rule.js';
import type { Answer, Creator, Outcome, RefusalCode, Refused, Write } from '../../domain/operation.js';
import { keyId } from './pending-write.js';

/** One write, or several that are decided together: all or nothing. */
export interface Bundle {
  readonly writes: readonly Write[];
  /** One for each write; null where it has no key. */
  readonly fingerprints: readonly (string | null)[];
}

/** A part of a transaction: writes that stand or fall together, or a look at what is there by then. */
export type Part =
  | { readonly kind: 'writes'; readonly writes: readonly Write[] }
  | { readonly kind: 'look'; readonly names: readonly string[] };

/** Parts that are decided one after the other and committed together; one that is refused leaves the others standing. */
export interface Transaction {
  readonly parts: readonly Part[];
  /** The versions that names must still have, or nothing is done. */
  readonly watched: ReadonlyMap<string, number>;
}

/** What a batch has to tell; plain data, since it is stored with it. */
export type Verdict = BundleVerdict | TransactionVerdict;

export type TransactionVerdict =
  | { readonly kind: 'transacted'; readonly outcomes: readonly PartOutcome[] }
  /** A watched counter has changed; nothing was done. */
  | { readonly kind: 'overtaken'; readonly truth: Truth };

export type PartOutcome = BundleVerdict | { readonly kind: 'looked'; readonly truths: readonly Truth[] };

export type BundleVerdict =
  | { readonly kind: 'done'; readonly answers: readonly Answer[] }
  | { readonly kind: 'refused'; readonly index: number; readonly refused: Refused; readonly replayed: boolean }
  | { readonly kind: 'key_reused' };

/** Not remembered by a key: what is refused so now may be right later, in the light of another truth or quota. */
const PASSING: ReadonlySet<RefusalCode> = new Set(['invalid_request', 'quota_exceeded']);

/** The state of a batch while its bundles are decided in order of arrival. */
export class Ruling {
  private readonly truths: Map<string, Truth>;
  private readonly used: Map<string, Pick<UsedKey, 'fingerprint' | 'outcomeFor'>>;
  private readonly keptKeys: KeptKey[] = [];
  private readonly done: Deed[] = [];
  private readonly changedNames = new Set<string>();
  /** Names that were never there, brought into being by this batch; null: on nobody's account. */
  private readonly born = new Map<string, string | null>();

  constructor(private readonly locked: Locked) {
    this.truths = new Map(locked.truths);
    this.used = new Map(locked.used.map((key) => [keyId(key), key]));
  }

  /** The counters that changed, as they are now. */
  get changed(): Truth[] {
    return [...this.truths.values()].filter(({ name }) => this.changedNames.has(name));
  }

  /** All that are locked, as they are now. */
  get current(): Truth[] {
    return [...this.truths.values()];
  }

  /** On whose account names were brought into being, by the id of the key. */
  get creators(): Map<string, string> {
    return new Map([...this.born].flatMap(([name, keyId]) => (keyId === null ? [] : [[name, keyId] as const])));
  }

  /** Idempotency keys that were used, with the answer that each of them is to hold. */
  get kept(): readonly KeptKey[] {
    return this.keptKeys;
  }

  /** What is to be written down of what was done. */
  get deeds(): readonly Deed[] {
    return this.done;
  }

  /** Decides a bundle. One write that is refused undoes the others of its bundle, and is the answer. */
  decide({ writes, fingerprints }: Bundle): BundleVerdict {
    const before = new Map<string, Truth>();
    const decided: KeptKey[] = [];
    const deeds: Deed[] = [];
    const answers: Answer[] = [];
    for (const [index, write] of writes.entries()) {
      const fingerprint = fingerprints[index] ?? null;
      const earlier = this.earlier(write, decided);
      if (earlier !== null && earlier.fingerprint !== fingerprint) {
        this.undo(before);
        return { kind: 'key_reused' };
      }
      const answer: Answer =
        earlier !== null
          ? { outcome: earlier.outcomeFor(write.operation.name), replayed: true }
          : { outcome: this.apply(write, before, deeds), replayed: false };
      const kept = earlier === null && write.key !== null && fingerprint !== null;
      const keysOf = (outcome: Outcome): KeptKey[] => (kept ? [{ ...write.key, fingerprint, outcome }] : []);
      if (answer.outcome.kind === 'refused') {
        this.undo(before);
        const refused = earlier === null ? this.asItStays(answer.outcome) : answer.outcome;
        if (!PASSING.has(refused.code)) this.keep(keysOf(refused));
        return { kind: 'refused', index, refused, replayed: answer.replayed };
      }
      decided.push(...keysOf(answer.outcome));
      answers.push(answer);
    }
    this.keep(decided);
    this.done.push(...deeds);
    for (const name of before.keys()) this.changedNames.add(name);
    return { kind: 'done', answers };
  }

  /** Decides a transaction, part by part; each sees what those before it did. */
  transact({ parts, watched }: Transaction): TransactionVerdict {
    for (const [name, version] of watched) {
      const truth = this.truthOf(name);
      if (truth.version !== version) return { kind: 'overtaken', truth };
    }
    const outcomes = parts.map((part): PartOutcome => {
      if (part.kind === 'look') return { kind: 'looked', truths: part.names.map((name) => this.truthOf(name)) };
      return this.decide({ writes: part.writes, fingerprints: part.writes.map(() => null) });
    });
    return { kind: 'transacted', outcomes };
  }

  private truthOf(name: string): Truth {
    return this.truths.get(name) ?? { name, value: null, version: 0 };
  }

  private earlier({ key }: Write, decided: readonly KeptKey[]): Pick<UsedKey, 'fingerprint' | 'outcomeFor'> | null {
    if (key === null) return null;
    const id = keyId(key);
    const sameBundle = decided.find((other) => keyId(other) === id);
    if (sameBundle !== undefined) return { ...sameBundle, outcomeFor: () => sameBundle.outcome };
    return this.used.get(id) ?? null;
  }

  private apply(write: Write, before: Map<string, Truth>, deeds: Deed[]): Outcome {
    const { operation, creator, requestId } = write;
    const { name } = operation;
    const truth = this.truthOf(name);
    const outcome = decide(operation, truth, this.locked.now, requestId);
    if (outcome.kind === 'refused') return outcome;
    if (this.locked.unknown.has(name) && !this.born.has(name)) {
      if (creator !== null && this.namesOf(creator) >= creator.maxNames)
        return quotaExceeded(creator, truth, requestId);
      this.born.set(name, creator?.keyId ?? null);
    }
    if (!before.has(name)) before.set(name, truth);
    const deed = deedOf(write, truth, outcome.truth);
    if (deed !== null) deeds.push(deed);
    this.truths.set(name, leftAt(outcome.truth, this.locked.now));
    return outcome;
  }

  /** Names that a key has brought into being, in this batch too. */
  private namesOf({ keyId }: Creator): number {
    const here = [...this.born.values()].filter((creator) => creator === keyId).length;
    return (this.locked.namesCreated.get(keyId) ?? 0) + here;
  }

  /** The refusal may rest on what its bundle did before it: that never was, and must be shown to nobody. */
  private asItStays(refused: Refused): Refused {
    return { ...refused, truth: this.truths.get(refused.truth.name) ?? refused.truth };
  }

  private undo(before: ReadonlyMap<string, Truth>): void {
    for (const [name, truth] of before) {
      this.truths.set(name, truth);
      // Unless a bundle before this one brought it into being.
      if (!this.changedNames.has(name)) this.born.delete(name);
    }
  }

  private keep(keys: readonly KeptKey[]): void {
    for (const key of keys) {
      this.keptKeys.push(key);
      this.used.set(keyId(key), { fingerprint: key.fingerprint, outcomeFor: () => key.outcome });
    }
  }
}

function quotaExceeded({ maxNames }: Creator, truth: Truth, requestId: string): Refused {
  const detail = `This key may bring ${maxNames} names into being, and has; names that were there before still count.`;
  return { kind: 'refused', code: 'quota_exceeded', detail, truth, requestId };
}
