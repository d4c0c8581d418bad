import { timingSafeEqual } from 'node:crypto';

/** Whether a caller showed what it must; how long it takes tells nothing of how much of it was right. */
export function isSame(given: Buffer, wanted: Buffer): boolean {
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
