import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { ApiKeys } from '../store/api-keys.js';
import { CountersModule } from '../counters/counters.module.js';
import { StoreModule } from '../store/store.module.js';
import { Admission } from './admission.js';
import { CallerTurns } from './caller-turns.js';
import { KeyAdministration } from './key-administration.js';
import { KeyOrigins } from './key-origins.js';
import { KnownKeys } from './known-keys.js';
import { LastingAnswers } from './lasting-answers.js';
import { Looks } from './looks.js';
import { RateLimits } from './rate-limits.js';
import { ShareLinks } from './share-links.js';
import { SignIn } from './sign-in.js';
import { Traces } from './traces.js';

/** Who may call, what, and how often. */
@Module({
  imports: [CountersModule, StoreModule, CacheModule],
  providers: [
    Admission,
    { provide: CallerTurns, useFactory: () => new CallerTurns() },
    KeyOrigins,
    KnownKeys,
    Looks,
    RateLimits,
    LastingAnswers,
    ShareLinks,
    SignIn,
    Traces,
    {
      provide: KeyAdministration,
      inject: [ApiKeys, Traces],
      useFactory: (keys: ApiKeys, traces: Traces) =>
        new KeyAdministration(keys, (action, keyId) => traces.leave(action, { keyId })),
    },
  ],
  exports: [Admission, KeyOrigins, LastingAnswers, Traces, SignIn, ShareLinks, KeyAdministration],
})
export class AccessModule {}
