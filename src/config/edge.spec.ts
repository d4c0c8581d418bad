/** What an edge is told is held to what could work, before anything is counted. */
import { expect, it } from '@jest/globals';
import { edgeSettings } from './edge.js';

const EDGE_UPSTREAM = 'https://counts.example.org/below/';

it('knows its upstream without a slash at the end, and an address of IPv6 in brackets', () => {
  expect(edgeSettings({ EDGE_UPSTREAM, HOST: '[::1]' })).toMatchObject({
    upstream: 'https://counts.example.org/below',
    host: '::1',
  });
});

it.each(['x', 'ftp://h', 'https://user@h', 'https://user:hush@h', 'https://h/?a=1', 'https://h/#a'])(
  'delivers nothing to %s',
  (given) => {
    expect(() => edgeSettings({ EDGE_UPSTREAM: given })).toThrow(/EDGE_UPSTREAM: got .+; takes the URL of the service/);
  },
);
