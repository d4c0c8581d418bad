import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { commandsPage } from '../../src/resp/commands-page.js';
import { type Ground, tableOf } from '../../src/resp/table.js';

const PAGE = new URL('../../docs/redis-protocol.md', import.meta.url);

describe('the page about the Redis protocol', () => {
  it('lists the commands that there are, as they are', async () => {
    // Nothing is asked of what commands stand on before one of them comes.
    const table = tableOf({ instance: {}, flush: 'refuse' } as unknown as Ground);
    expect(await readFile(PAGE, 'utf8')).toContain(commandsPage(table.values()));
  });
});
