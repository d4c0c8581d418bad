import { type RedisOptions, type SentinelConnectionOptions, SentinelConnector, SentinelIterator } from 'ioredis';
import { type Address, placeIn } from '../config/address.js';
import type { RedisServers, SentinelSettings } from '../config/redis-servers.js';
import { retry, SENTINEL_TIMEOUT_MS } from './redis-client.js';
import { Sentinels } from './sentinels.js';

/** Replies as protocol 2 has them. */
type Options = RedisOptions & { readonly replyMapping?: 'legacy' };

/**
 * What a client of these servers is made with.
 *
 * @param told called with the address that Sentinel says, as `host:port`, whenever the client is about to connect
 */
export function reaching(
  { url, sentinel }: RedisServers,
  options: Options,
  told: (address: string) => void = () => undefined,
): [url: string, options: Options] {
  if (sentinel === null) return [url, options];
  const { hosts, name, password, tls, addresses } = sentinel;
  const access = {
    ...(password === null ? {} : { sentinelPassword: password }),
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  };
  return [
    url,
    {
      ...options,
      ...access,
      // Whoever asks them in the order of the URL is led astray by one that is cut off, for as long as it is.
      Connector: newestFirst(sentinel),
      sentinels: [...hosts],
      name,
      natMap: (text) => {
        const address = placeIn(text);
        told(address);
        return addresses.get(address) ?? null;
      },
      // A server that was frozen while another took its place ends no connection.
      failoverDetector: true,
      sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
      sentinelRetryStrategy: retry,
      sentinelReconnectStrategy: retry,
    },
  ];
}

/** What connects by those Sentinels first that know of the newest election, and asks all of them each time. */
function newestFirst(settings: SentinelSettings): NonNullable<RedisOptions['Connector']> {
  return class extends SentinelConnector {
    constructor(options: unknown) {
      super(options as SentinelConnectionOptions);
    }

    override async connect(
      ...tell: Parameters<SentinelConnector['connect']>
    ): ReturnType<SentinelConnector['connect']> {
      this.connecting = true;
      this.sentinelIterator = new SentinelIterator([...(await byElection(settings))]);
      if (!this.isWanted()) throw new Error('the client was told to leave while it asked the Sentinels');
      return super.connect(...tell);
    }

    private isWanted(): boolean {
      return this.connecting;
    }
  };
}

/** The Sentinels, of the newest election first, within a second; else, and of those that say nothing, as in the URL. */
async function byElection(settings: SentinelSettings): Promise<readonly Address[]> {
  const sentinels = new Sentinels(settings);
  try {
    await sentinels.whenReady(SENTINEL_TIMEOUT_MS);
    const answers = await sentinels.all();
    const epochs = new Map(settings.hosts.map((host, index) => [host, answers[index]?.epoch ?? -1]));
    return [...settings.hosts].sort((one, other) => (epochs.get(other) ?? -1) - (epochs.get(one) ?? -1));
  } finally {
    sentinels.close();
  }
}
