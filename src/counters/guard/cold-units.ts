import { Logger } from '@nestjs/common';
import type { Realm } from '../../cache/realm.js';
import type { UnitGuard } from './unit-guard.js';

/** Units whose entries are gone, or of an earlier epoch: the first instance that notices has them filled again. */
export class ColdUnits {
  // By the name under which operators know it.
  private readonly log = new Logger('CacheGuard');
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly realm: Realm) {}

  /** Calls back in the one instance that noticed first. */
  onCold(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Looks at what the last poll found, and fills nothing itself: that is for whoever is called back.
   *
   * @param units all there are, in the order of their numbers
   */
  async look(units: readonly UnitGuard[]): Promise<void> {
    const noted = await Promise.all(
      units.map(async (unit, number) => {
        const digest = unit.permissions.permitted()?.identities[0]?.digest;
        const held = unit.sighting?.sentinel;
        if (digest === undefined || held === undefined || held === digest) return false;
        return this.realm.setSentinel(number, digest).catch(() => false);
      }),
    );
    const cold = noted.filter((isFirst) => isFirst).length;
    if (cold === 0) return;
    if (units.length > 1) this.log.log({ msg: 'a part of the cache is empty or of an earlier epoch', units: cold });
    else this.log.log('the cache is empty or of an earlier epoch');
    for (const listener of this.listeners) listener();
  }
}
