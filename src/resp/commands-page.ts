import type { Command, Group } from './command.js';

const GROUPS: readonly Group[] = ['counting', 'exactly once', 'values', 'keys', 'transactions', 'connection', 'server'];

/** Every command as the documentation lists it, in Markdown: made from the table that the service goes by. */
export function commandsPage(commands: Iterable<Command>): string {
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
