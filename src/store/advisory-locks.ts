/**
 * The advisory locks of this service, by their numbers. Any will do that nobody else in the database uses; once released
 * they stay, since instances of two releases have to mean the same by them.
 */
export const LOCKS = {
  /** Of whoever migrates. */
  migrations: 7_239_054_118,
  /** Of whoever makes the first key. */
  firstKey: 7_239_054_119,
  /** Held while a watch is added or changed, so that limits hold. */
  watches: 7_210_001,
  /** Held while a webhook is added, so that the limit holds. */
  webhooks: 7_210_002,
} as const;

/** The first of two numbers, of which the second is a bucket of names: Postgres keeps these apart from single ones. */
export const HELD_NAMES = 1_163_282_004;
