import { type Election, Sentinels } from '../cache/sentinels.js';
import type { SentinelSettings } from '../config/redis-servers.js';
import { bad, type Finding, good, hint } from './findings.js';

/** With fewer, the one that is left can neither agree with others nor be outvoted. */
const FEWEST_SENTINELS = 3;

/** How the Sentinels that lead to a Redis stand. */
export async function examineSentinel(settings: SentinelSettings): Promise<Finding[]> {
  const sentinels = new Sentinels(settings);
  try {
    await sentinels.whenReady();
    return findingsOf(settings, await sentinels.all());
  } finally {
    sentinels.close();
  }
}

function findingsOf({ hosts, name }: SentinelSettings, answers: readonly (Election | null)[]): Finding[] {
  const known = answers.filter((answer) => answer !== null);
  const [first] = known;
  const found = `${known.length} of ${hosts.length} know "${name}"`;
  if (first === undefined) {
    return [
      bad('Sentinels', found, 'check their addresses, REDIS_SENTINEL_PASSWORD and the name at the end of the URL'),
    ];
  }
  const silent = known.length < hosts.length;
  const few = hosts.length < FEWEST_SENTINELS;
  const addresses = [...new Set(known.map(({ address }) => address))];
  return [
    silent
      ? hint('Sentinels', found, 'see why the others do not answer; without a majority nobody is elected')
      : good('Sentinels', found),
    ...(few ? [hint('Sentinels in the URL', `${hosts.length}`, `list all of them, ${FEWEST_SENTINELS} at least`)] : []),
    addresses.length > 1
      ? hint(
          'primary by Sentinel',
          addresses.join(' or '),
          'a failover is under way, or one of them is cut off: look again',
        )
      : good('primary by Sentinel', first.address),
    first.replicas === 0
      ? hint('replicas by Sentinel', 'none', 'without one there is nobody to fail over to')
      : good('replicas by Sentinel', `${first.replicas}`),
  ];
}
