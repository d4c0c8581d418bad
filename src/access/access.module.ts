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
import { CredentialChecks } from './credential-checks.js';
import { RateLimits } from './rate-limits.js';
import { ShareLinks } from './share-links.js';
import { SignIn } from './sign-in.js';
import { ActionLog } from './action-log.js';

/** Who may call, what, and how often. */
@Module({
  imports: [CountersModule, StoreModule, CacheModule],
  providers: [
    Admission,
    { provide: CallerTurns, useFactory: () => new CallerTurns() },
    KeyOrigins,
    KnownKeys,
    CredentialChecks,
    RateLimits,
    LastingAnswers,
    ShareLinks,
    SignIn,
    ActionLog,
    {
      provide: KeyAdministration,
      inject: [ApiKeys, ActionLog],
      useFactory: (keys: ApiKeys, actionLog: ActionLog) =>
        new KeyAdministration(keys, (action, keyId) => actionLog.add(action, { keyId })),
    },
  ],
  exports: [Admission, KeyOrigins, LastingAnswers, ActionLog, SignIn, ShareLinks, KeyAdministration],
})
export class AccessModule {}
