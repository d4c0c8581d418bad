import { goTo } from '../place/address.js';
import { AUDIT, HOME } from '../place/route.js';
import { may } from '../service/session.js';
import { startWall } from '../views/wall/start.js';
import { chooseTheme, theme } from './theme-switch.js';

export interface Command {
  readonly key: string;
  readonly label: string;
  readonly hint: string;
  readonly run: () => void;
}

/** What can be done from anywhere, by whoever may. */
export function commands(): readonly Command[] {
  const other = theme.value === 'dark' ? 'light' : 'dark';
  const all: readonly (Command & { readonly scope?: string })[] = [
    { key: 'counters', label: 'Counters', hint: 'page', run: () => goTo(HOME) },
    { key: 'tree', label: 'Tree', hint: 'page', run: () => goTo({ view: 'tree', prefix: '', separator: ':' }) },
    { key: 'watches', label: 'Watches', hint: 'page', run: () => goTo({ view: 'watches' }) },
    { key: 'operations', label: 'Operations', hint: 'page', scope: 'admin', run: () => goTo({ view: 'operations' }) },
    { key: 'keys', label: 'Keys', hint: 'page', scope: 'admin', run: () => goTo({ view: 'keys' }) },
    { key: 'audit', label: 'Audit', hint: 'page', scope: 'admin', run: () => goTo(AUDIT) },
    { key: 'wall', label: 'Show on a wall', hint: 'full screen', run: () => startWall() },
    { key: 'theme', label: `Use the ${other} theme`, hint: 'looks', run: () => chooseTheme(other) },
  ];
  return all.filter(({ scope }) => scope === undefined || may(scope));
}
