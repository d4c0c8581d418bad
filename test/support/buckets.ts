/**
 * Into how many buckets the databases of tests are divided: TEST_BUCKETS, by the environment of every service, process and
 * command that tests start. A test that needs it otherwise says `BUCKETS` itself; empty, it is as where nothing is said.
 */
import { Buckets, MAX_BUCKETS } from '../../src/domain/bucket.js';

export const TEST_BUCKETS = bucketsOf(process.env['TEST_BUCKETS']);

export const BUCKETS_ENVIRONMENT: Readonly<Record<string, string>> =
  TEST_BUCKETS === null ? {} : { BUCKETS: String(TEST_BUCKETS) };

/** Null: nothing is said. */
function bucketsOf(text = ''): number | null {
  if (text === '') return null;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_BUCKETS) return count;
  throw new Error(`TEST_BUCKETS is 1 to ${MAX_BUCKETS}, not "${text}"`);
}

/** How the databases of these tests are divided, for what tests write there by hand. */
export const testBuckets = new Buckets(TEST_BUCKETS ?? 1);
