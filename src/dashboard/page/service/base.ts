import { baseOf } from './paths.js';

/** Where the service is mounted, without a slash at the end. */
export const BASE = baseOf(import.meta.url);
