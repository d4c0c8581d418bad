/** Who did something that others may have to find out later, and from where. */
export interface Actor {
  /** The id of an API key, or one of NO_KEY. */
  readonly actor: string;
  /** Whether a browser did it, by the session that was begun with the key. */
  readonly isSession: boolean;
  readonly via: Via;
  /** Of the network; by the command line the user and the machine; null: it is not known. */
  readonly address: string | null;
  /** Of the request; null where there was none. */
  readonly requestId: string | null;
}

export const VIAS = ['http', 'resp', 'cli', 'service'] as const;

/** The way in by which it came; `service`: nobody asked for it. */
export type Via = (typeof VIAS)[number];

/** Who acts without a key: where none is asked for, an operator at the command line, the service itself. Ids of keys are longer. */
export const NO_KEY = { off: 'off', cli: 'cli', service: 'service' } as const;

/** The service itself. */
export const THE_SERVICE: Actor = {
  actor: NO_KEY.service,
  isSession: false,
  via: 'service',
  address: null,
  requestId: null,
};

/** What is done to the service rather than to one counter, and told beside what happens to it. */
export const TOLD_DEEDS = [
  'counters.import',
  'counters.purge',
  'cache.flush',
  'cache.reconcile',
  'key.make',
  'key.change',
  'key.rotate',
  'key.revoke',
  'session.begin',
  'session.end',
  'link.make',
  'link.revoke',
  'links.revoke',
] as const;

/** What is written down of what was done; increments are not. */
export const DEEDS = ['counter.set', 'counter.reset', 'counter.delete', ...TOLD_DEEDS] as const;

export type DeedKind = (typeof DEEDS)[number];

/** One thing that somebody did. */
export interface Deed {
  readonly action: DeedKind;
  readonly by: Actor;
  /** The name of the counter, or the id of the key or link; null: it is about none of them alone. */
  readonly subject: string | null;
  /** What there was of it before, and after; null: nothing. */
  readonly before: object | null;
  readonly after: object | null;
}
