import { sessionAsked } from '../service/session.js';

/** By then there was time, or there will be none. */
const LATEST_MS = 5_000;
/** Where the browser does not say when it is idle. */
const LATER_MS = 500;

/** Settled when the first answers came and the browser has nothing else to do: for what no first look needs. */
export const calm: Promise<void> = sessionAsked.then(
  () =>
    new Promise((resolve) => {
      if ('requestIdleCallback' in window) requestIdleCallback(() => resolve(), { timeout: LATEST_MS });
      else setTimeout(resolve, LATER_MS);
    }),
);
