/** A step of `npm test`: what has to be fetched is fetched once and in sight. */
import { findChromium } from './chromium.js';

const say = (line: string) => console.log(line);

try {
  say(`The browser is ${findChromium(say)}`);
} catch (error) {
  // The tests that need it say so again, and fail; the others need not wait for it.
  say((error as Error).message);
}
