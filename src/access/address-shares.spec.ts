import { expect, it } from '@jest/globals';
import { AddressShares } from './address-shares.js';

const TRUSTED = ['127.0.0.0/8', '::1', '10.1.0.0/16', '2001:db8:1::/48'];

/** How many of ten connections are admitted. */
function admittedOf(shares: AddressShares, address: string): number {
  return Array.from({ length: 10 }, () => shares.take(address)).filter(Boolean).length;
}

it('each address has its share, and gets it again when it gives back', () => {
  const shares = new AddressShares(3, TRUSTED);
  expect(admittedOf(shares, '192.0.2.1')).toBe(3);
  expect(admittedOf(shares, '192.0.2.2')).toBe(3);
  shares.giveBack('192.0.2.1');
  expect(admittedOf(shares, '192.0.2.1')).toBe(1);
});

it('one network of IPv6, and an IPv4 address however it is written, is one address', () => {
  const shares = new AddressShares(3, TRUSTED);
  expect([shares.take('2001:db8::1'), shares.take('2001:db8::2'), shares.take('2001:db8:0:0:ffff::3')]).toEqual([
    true,
    true,
    true,
  ]);
  expect(shares.take('2001:db8::4')).toBe(false);
  expect(admittedOf(shares, '::ffff:192.0.2.1')).toBe(3);
  expect(shares.take('192.0.2.1')).toBe(false);
});

it.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '10.1.2.3', '::ffff:10.1.2.3', '2001:db8:1:2::3'])(
  '%s is trusted, and may hold any number',
  (address) => {
    expect(admittedOf(new AddressShares(3, TRUSTED), address)).toBe(10);
  },
);

it.each(['128.0.0.1', '10.2.0.1', '2001:db8:2::1', '::2'])('%s is not', (address) => {
  expect(admittedOf(new AddressShares(3, TRUSTED), address)).toBe(3);
});

it('whoever holds nothing any more is forgotten', () => {
  const shares = new AddressShares(3, []);
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    shares.take(address);
    shares.take(address);
    shares.giveBack(address);
    expect(shares.size).toBe(1);
    shares.giveBack(address);
    expect(shares.size).toBe(0);
  }
});
