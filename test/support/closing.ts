import { afterEach } from '@jest/globals';

interface Closing {
  close(): Promise<unknown>;
}

/**
 * Closes after each test what it opened, the latest first.
 *
 * @returns has something closed, and hands it back
 */
export function closingAfterEach(): <T extends Closing>(opened: T) => T {
  const open: Closing[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });
  return (opened) => {
    open.push(opened);
    return opened;
  };
}
