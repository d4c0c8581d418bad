import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { ApiKeys } from '../store/api-keys.js';
import { StoreModule } from '../store/store.module.js';
import { Gate } from './gate.js';
import { KeyAdministration } from './key-administration.js';
import { KnownKeys } from './known-keys.js';
import { LastingAnswers } from './lasting-answers.js';
import { RateLimits } from './rate-limits.js';
import { SignIn } from './sign-in.js';

/** Who may call, what, and how often. */
@Module({
  imports: [StoreModule, CacheModule],
  providers: [
    Gate,
    KnownKeys,
    RateLimits,
    LastingAnswers,
    SignIn,
    { provide: KeyAdministration, inject: [ApiKeys], useFactory: (keys: ApiKeys) => new KeyAdministration(keys) },
  ],
  exports: [Gate, SignIn, KeyAdministration],
})
export class AccessModule {}
