import { Module } from '@nestjs/common';
import { ApiKeys } from '../store/api-keys.js';
import { StoreModule } from '../store/store.module.js';
import { Gate } from './gate.js';
import { KeyAdministration } from './key-administration.js';
import { KnownKeys } from './known-keys.js';

/** Who may call, what, and how often. */
@Module({
  imports: [StoreModule],
  providers: [
    Gate,
    KnownKeys,
    { provide: KeyAdministration, inject: [ApiKeys], useFactory: (keys: ApiKeys) => new KeyAdministration(keys) },
  ],
  exports: [Gate, KnownKeys, KeyAdministration],
})
export class AccessModule {}
