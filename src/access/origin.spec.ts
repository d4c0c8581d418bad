import { expect, it } from '@jest/globals';
import { isOwnOrigin } from './origin.js';

it("only a page of the service's own host may use a session to change something", () => {
  expect(isOwnOrigin('http://example.org', 'example.org')).toBe(true);
  expect(isOwnOrigin('https://example.org:8443', 'Example.org:8443')).toBe(true);
  for (const origin of [undefined, '', 'null', 'example.org', 'http://example.org.evil.org', 'http://example.org:1']) {
    expect([origin, isOwnOrigin(origin, 'example.org')]).toEqual([origin, false]);
  }
});
