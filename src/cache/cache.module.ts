import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CacheSettings } from '../config/config.js';
import { ChangeChannel, CHANNEL } from './change-channel.js';
import { CounterCache } from './counter-cache.js';
import { Home } from './home.js';
import { Realm } from './realm.js';
import { SharedUsage } from './shared-usage.js';

@Injectable()
class CloseConnections implements OnApplicationShutdown {
  constructor(
    private readonly realm: Realm,
    private readonly channel: ChangeChannel,
  ) {}

  onApplicationShutdown(): void {
    this.channel.end();
    this.realm.close();
  }
}

/** The copy: a Redis that may vanish at any time. */
@Module({
  providers: [
    {
      provide: Realm,
      inject: [CacheSettings],
      useFactory: ({ servers }: CacheSettings) => new Realm(servers),
    },
    {
      provide: CounterCache,
      inject: [Realm, CacheSettings],
      useFactory: (realm: Realm, settings: CacheSettings) => new CounterCache(realm, settings),
    },
    {
      provide: ChangeChannel,
      inject: [CacheSettings, Realm],
      useFactory: ({ servers }: CacheSettings, realm: Realm) => new ChangeChannel(new Home(servers, realm, CHANNEL)),
    },
    SharedUsage,
    CloseConnections,
  ],
  exports: [Realm, CounterCache, ChangeChannel, SharedUsage],
})
export class CacheModule {}
