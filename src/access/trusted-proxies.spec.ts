import { expect, it } from '@jest/globals';
import { trusting } from './trusted-proxies.js';

it('a proxy is trusted by its address or its range, whatever it writes beside', () => {
  const isTrusted = trusting(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32', '::1']);
  for (const text of ['10.1.2.3', '10.1.2.3:80', '::ffff:10.1.2.3', '192.0.2.1', '[2001:db8:5::1]:80', '::1']) {
    expect([text, isTrusted(text)]).toEqual([text, true]);
  }
  for (const text of ['11.0.0.1', '192.0.2.2', '2001:db9::1', 'unknown', '', '::2']) {
    expect([text, isTrusted(text)]).toEqual([text, false]);
  }
});
