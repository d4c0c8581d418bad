import type { Redis } from 'ioredis';
import { Realm } from '../cache/realm.js';
import { TAGS } from '../cache/cluster-map.js';
import { addressOf } from '../config/address.js';
import { type RedisServers, serverAt } from '../config/redis-servers.js';
import { bad, type Finding, good, hint } from './findings.js';
import { connectRedis } from './redis-session.js';

/** A server under load should be looked at too. */
const COMMAND_TIMEOUT_MS = 10_000;

/** With fewer, those that are left cannot agree on who takes the place of one that is gone. */
const FEWEST_PRIMARIES = 3;

/**
 * How the servers of a Redis Cluster stand.
 *
 * @param examineNode how each primary suits the service; the tag, in braces, is of a slot that it has
 */
export async function examineCluster(
  servers: RedisServers,
  examineNode: (client: Redis, tag: string) => Promise<Finding[]>,
): Promise<Finding[]> {
  const realm = new Realm(servers, COMMAND_TIMEOUT_MS);
  try {
    // Who cannot be found is told by what is missing.
    await realm.whenReady().catch(() => undefined);
    const sightings = await realm.look();
    const away = sightings.filter((sighting) => sighting === null).length;
    const moving = sightings.filter((sighting) => sighting?.isMoving === true).length;
    const addresses = [...new Set(realm.lines().map(({ address }) => address))];
    const found = `${addresses.length} primaries`;
    const findings = [
      addresses.length < FEWEST_PRIMARIES
        ? hint(
            'Redis Cluster',
            found,
            `have ${FEWEST_PRIMARIES} at least, or nobody takes the place of one that is gone`,
          )
        : good('Redis Cluster', found),
      away > 0
        ? bad(
            'units of the cluster',
            `${away} of ${sightings.length} are away: ${realm.fault ?? ''}`,
            'see CLUSTER NODES',
          )
        : good('units of the cluster', `all ${sightings.length} have a primary`),
      ...(moving > 0
        ? [hint('slots that move', `${moving} units wait`, 'they are not served until the moves have ended')]
        : []),
    ];
    for (const address of addresses) {
      const reached = servers.cluster?.addresses.get(address) ?? addressOf(address, null);
      const tag = TAGS.find((text) => realm.ownerOf(text)?.line.address === address);
      if (reached === null || tag === undefined) continue;
      const client = await connectRedis(serverAt(servers, reached));
      try {
        findings.push(
          ...(await examineNode(client, tag)).map((one) => ({ ...one, check: `${one.check} (${address})` })),
        );
      } finally {
        client.disconnect();
      }
    }
    return findings;
  } finally {
    realm.close();
  }
}
