/** Messages go to public addresses and to those that were named, decided once: no name leads them into the network. */
import { describe, expect, it } from '@jest/globals';
import { bracketed } from '../config/address.js';
import { Destinations } from './destinations.js';

const leadingTo = (...addresses: string[]) => new Destinations([], () => Promise.resolve(addresses));

const PRIVATE = [
  ['loopback', '127.0.0.1'],
  ['loopback', '127.255.255.254'],
  ['this host', '0.0.0.0'],
  ['private', '10.0.0.1'],
  ['private', '172.16.0.1'],
  ['private', '172.31.255.255'],
  ['private', '192.168.1.1'],
  ['link-local: where clouds keep their secrets', '169.254.169.254'],
  ['shared by carriers', '100.64.0.1'],
  ['multicast', '224.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['reserved', '240.0.0.1'],
  ['documentation', '192.0.2.1'],
  ['loopback of IPv6', '::1'],
  ['unspecified', '::'],
  ['link-local of IPv6', 'fe80::1'],
  ['unique local', 'fc00::1'],
  ['unique local', 'fd12:3456:789a::1'],
  ['mapped into IPv6', '::ffff:127.0.0.1'],
  ['mapped into IPv6', '::ffff:10.0.0.1'],
  ['mapped into IPv6, in hexadecimal', '::ffff:a9fe:a9fe'],
  ['by NAT64', '64:ff9b::a00:1'],
  ['by 6to4', '2002:a00:1::'],
  ['by Teredo', '2001:0:a00:1::'],
  ['multicast of IPv6', 'ff02::1'],
  ['an IPv4 address as it was once written in IPv6', '::7f00:1'],
  ['an IPv4 address as it was once written in IPv6', '::a00:1'],
  ['assigned to nobody', '4000::1'],
] as const;

describe.each(PRIVATE)('%s: %s', (_what, address) => {
  const literal = bracketed(address);

  it('is refused as it stands, and behind a name', async () => {
    expect(new Destinations([]).faultOf(`https://${literal}/hook`)).toMatch(/public/);
    await expect(leadingTo(address).find('https://name.example/hook')).rejects.toThrow('not public');
  });

  it('is refused beside one that is public', async () => {
    await expect(leadingTo('93.184.216.34', address).find('https://name.example/')).rejects.toThrow('not public');
  });
});

it.each(['http://0x7f000001/', 'http://2130706433/', 'http://017700000001/', 'http://127.1/', 'http://①②⑦.0.0.1/'])(
  '%s is 127.0.0.1, however it is written',
  (url) => {
    expect(new Destinations([]).faultOf(url)).toMatch(/public/);
  },
);

it.each([
  'ftp://example.org/',
  'file:///etc/passwd',
  'gopher://example.org/',
  'javascript:alert(1)',
  'example.org',
  '',
  'https://user@example.org/',
  'https://user:secret@example.org/',
  `https://example.org/${'a'.repeat(2_100)}`,
  'https://example.org/\0',
  'https://example.org/\ud800',
  ' https://example.org/',
  'https://example.org/\n',
])('%s is no address of a receiver', (url) => {
  expect(new Destinations([]).faultOf(url)).toMatch(/must/);
});

it.each(['https://93.184.216.34/', 'http://[2606:2800:220:1:248:1893:25c8:1946]:8080/a?b=c', 'https://example.org/'])(
  '%s is one',
  (url) => {
    expect(new Destinations([]).faultOf(url)).toBeNull();
  },
);

describe('what was named', () => {
  const allowed = new Destinations(['10.0.0.0/8', '192.168.7.7', 'receiver.internal', 'fd00::/8'], (host) =>
    Promise.resolve([host === 'receiver.internal' ? '172.16.0.9' : '10.1.2.3']),
  );

  it.each([
    'http://10.9.8.7/',
    'http://192.168.7.7/',
    'http://[fd12::1]/',
    'http://Receiver.Internal./',
    'http://in.ten/',
  ])('%s may be reached', async (url) => {
    expect(allowed.faultOf(url)).toBeNull();
    await expect(allowed.find(url)).resolves.toHaveProperty('address');
  });

  it.each(['http://11.0.0.1.nip/', 'http://172.16.0.9/', 'http://192.168.7.8/'])('%s may not', async (url) => {
    const others = new Destinations(['10.0.0.0/8', 'receiver.internal'], () => Promise.resolve(['172.16.0.9']));
    await expect(others.find(url)).rejects.toThrow();
  });
});

it('a name is looked up once: where it leads afterwards plays no part', async () => {
  const answers = [['93.184.216.34'], ['127.0.0.1']];
  const changing = new Destinations([], () => Promise.resolve(answers.shift() ?? []));
  const { address, family } = await changing.find('https://rebinding.example/');
  expect([address, family]).toEqual(['93.184.216.34', 4]);
  expect(answers).toHaveLength(1);
});

it('a name without an address, or that cannot be looked up, is refused', async () => {
  await expect(leadingTo().find('https://name.example/')).rejects.toThrow('no address');
  const failing = new Destinations([], () => Promise.reject(new Error('ENOTFOUND')));
  await expect(failing.find('https://name.example/')).rejects.toThrow('no address');
});
