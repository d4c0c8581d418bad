import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CacheSettings } from '../config/config.js';
import { ChangeChannel } from './change-channel.js';
import { CounterCache } from './counter-cache.js';
import { RedisConnection } from './redis-connection.js';
import { SharedUsage } from './shared-usage.js';

@Injectable()
class CloseConnections implements OnApplicationShutdown {
  constructor(
    private readonly connection: RedisConnection,
    private readonly channel: ChangeChannel,
  ) {}

  onApplicationShutdown(): void {
    this.channel.end();
    this.connection.close();
  }
}

/** The copy: a Redis that may vanish at any time. */
@Module({
  providers: [
    {
      provide: RedisConnection,
      inject: [CacheSettings],
      useFactory: ({ url }: CacheSettings) => new RedisConnection(url),
    },
    {
      provide: CounterCache,
      inject: [RedisConnection, CacheSettings],
      useFactory: (connection: RedisConnection, settings: CacheSettings) => new CounterCache(connection, settings),
    },
    {
      provide: ChangeChannel,
      inject: [CacheSettings],
      useFactory: ({ url }: CacheSettings) => new ChangeChannel(url),
    },
    SharedUsage,
    CloseConnections,
  ],
  exports: [RedisConnection, CounterCache, ChangeChannel, SharedUsage],
})
export class CacheModule {}
