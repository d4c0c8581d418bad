import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { Command, Group } from '../../src/resp/command.js';
import { type Ground, tableOf } from '../../src/resp/table.js';

const PAGE = new URL('../../docs/redis-protocol.md', import.meta.url);

const GROUPS: readonly Group[] = ['counting', 'exactly once', 'values', 'keys', 'transactions', 'connection', 'server'];

describe('the page about the Redis protocol', () => {
  it('lists the commands that there are, as they are', async () => {
    // Nothing is asked of what commands stand on before one of them comes.
    const table = tableOf({ instance: {}, flush: 'refuse' } as unknown as Ground);
    expect(await readFile(PAGE, 'utf8')).toContain(commandsPage(table.values()));
  });
});

/** Every command as the page lists it, in Markdown: made from the table that the service goes by. */
function commandsPage(commands: Iterable<Command>): string {
  const all = [...commands];
  const sections = GROUPS.map((group) => {
    const rows = all.filter((command) => command.group === group).map(line);
    return [`### ${group.charAt(0).toUpperCase()}${group.slice(1)}`, '', ...rows, ''].join('\n');
  });
  return sections.join('\n').trim();
}

function line({ name, syntax, summary, differs }: Command): string {
  const words = `${name.toUpperCase()} ${syntax}`.trim();
  return `- \`${words}\`: ${summary}${differs === undefined ? '' : ` _${differs}_`}`;
}
