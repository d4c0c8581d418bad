/*
 * The platform's own types, where the program that uses this package knows them: it may have been compiled without those
 * of browsers and without those of Node.
 */

/** `AbortSignal`, or what of it is used here. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Own } }
  ? Own
  : {
      readonly aborted: boolean;
      readonly reason: unknown;
      addEventListener(type: 'abort', listener: () => void): void;
      removeEventListener(type: 'abort', listener: () => void): void;
    };

/** `fetch`. */
export type Fetch = typeof globalThis extends { fetch: infer Own }
  ? Own
  : (url: string, request?: object) => Promise<unknown>;
