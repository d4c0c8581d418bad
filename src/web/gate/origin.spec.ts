import { expect, it } from '@jest/globals';
import { isOwnOrigin } from './origin.js';

it("only a page of the service's own host is its own", () => {
  expect(isOwnOrigin('http://example.org', 'example.org')).toBe(true);
  expect(isOwnOrigin('https://example.org:8443', 'Example.org:8443')).toBe(true);
  const others = [undefined, '', 'null', 'example.org', 'http://example.org.evil.org', 'http://example.org:1'];
  for (const origin of [...others, 'ftp://example.org', 'http://xexample.org', 'http://evil.org/example.org']) {
    expect([origin, isOwnOrigin(origin, 'example.org')]).toEqual([origin, false]);
  }
  for (const host of ['', 'evil.org', 'example.org@evil.org', 'evil.org:80', 'example.org:8080', ' ', '[']) {
    expect([host, isOwnOrigin('http://example.org', host)]).toEqual([host, false]);
  }
});

it('case, default ports and the dot at the end of a name make no difference', () => {
  for (const [origin, host] of [
    ['https://example.org', 'example.org:443'],
    ['http://example.org', 'example.org:80'],
    ['https://example.org', 'EXAMPLE.org.'],
    ['https://example.org.', 'example.org'],
    ['https://example.org.:8443', 'Example.ORG:8443'],
    ['http://[::1]:3000', '[::1]:3000'],
    ['http://[::1]', '[0:0:0:0:0:0:0:1]:80'],
  ]) {
    expect([origin, host, isOwnOrigin(origin, host ?? '')]).toEqual([origin, host, true]);
  }
  // The default port of another scheme is another place.
  expect(isOwnOrigin('https://example.org', 'example.org:80')).toBe(false);
  expect(isOwnOrigin('http://example.org', 'example.org:443')).toBe(false);
});
