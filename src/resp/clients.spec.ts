import { expect, it } from '@jest/globals';
import { Clients } from './clients.js';

it('no two processes give the same id: CLIENT KILL would end a connection of somebody else', () => {
  const processes = Array.from({ length: 8 }, () => new Clients());
  const ids = processes.flatMap((clients) => Array.from({ length: 1_000 }, () => clients.nextId()));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every(Number.isSafeInteger)).toBe(true);
});
