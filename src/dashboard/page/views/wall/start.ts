import { goTo } from '../../place/address.js';
import { HOME, type Sort } from '../../place/route.js';

/** To be called when somebody pressed something: browsers fill the screen for nothing else. */
export function startWall(sort: Sort = 'name'): void {
  // Where it is refused the page stays in its window, and is the same otherwise.
  void document.documentElement.requestFullscreen().catch(() => undefined);
  goTo({ ...HOME, sort, wall: true });
}
