/** Which tests are left out with TEST_RUNTIME=bun, and why. */
import { it } from '@jest/globals';
import { TEST_RUNTIME } from './runtime.js';

/** Watches or changes the service within its process, which on Bun is another one than the test's. */
export const itInside = TEST_RUNTIME === 'bun' ? it.skip : it;

/** What Bun does otherwise, as docs/bun.md lists it. */
export const itOnNode = TEST_RUNTIME === 'bun' ? it.skip : it;
