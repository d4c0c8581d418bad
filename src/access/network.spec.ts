import { expect, it } from '@jest/globals';
import { addressIn, networkOf } from './network.js';

it('however a proxy writes an address, it is one address', () => {
  for (const text of [
    '192.0.2.7',
    '192.0.2.7:4711',
    ' 192.0.2.7 ',
    '::ffff:192.0.2.7',
    '::FFFF:c000:207',
    '[::ffff:192.0.2.7]:1',
  ]) {
    expect([text, addressIn(text), networkOf(text)]).toEqual([text, '192.0.2.7', '192.0.2.7']);
  }
  for (const text of [
    '2001:db8::9',
    '2001:DB8:0:0::9',
    '[2001:db8::9]',
    '[2001:0db8::0009]:4711',
    '2001:db8::9%eth0',
  ]) {
    expect([text, addressIn(text), networkOf(text)]).toEqual([text, '2001:db8::9', '2001:db8:0:0::/64']);
  }
});

it('what is no address is one caller', () => {
  for (const text of [
    '',
    'unknown',
    '_hidden',
    '192.0.2.7:x',
    '192.0.2.256',
    '[::1',
    '2001:db8::9]:1',
    '1.2.3.4:5:6',
    'a:1',
  ]) {
    expect([text, addressIn(text), networkOf(text)]).toEqual([text, null, 'unknown']);
  }
});
