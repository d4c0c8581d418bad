import { type DynamicModule, Global, Module } from '@nestjs/common';
import {
  AccessSettings,
  AuditSettings,
  CacheSettings,
  type Config,
  DatabaseSettings,
  HistorySettings,
  HttpSettings,
  JobsSettings,
  LogSettings,
  RespSettings,
  WebhookSettings,
  WriteSettings,
} from './config.js';
import { ProcessSettings } from './processes.js';

/** Hands each class the slice of the configuration that is its own. */
@Global()
@Module({})
export class ConfigModule {
  static of(config: Config): DynamicModule {
    const slices = [
      { provide: ProcessSettings, useValue: config.process },
      { provide: HttpSettings, useValue: config.http },
      { provide: RespSettings, useValue: config.resp },
      { provide: DatabaseSettings, useValue: config.database },
      { provide: CacheSettings, useValue: config.cache },
      { provide: JobsSettings, useValue: config.jobs },
      { provide: WriteSettings, useValue: config.writes },
      { provide: HistorySettings, useValue: config.history },
      { provide: AuditSettings, useValue: config.audit },
      { provide: AccessSettings, useValue: config.access },
      { provide: WebhookSettings, useValue: config.webhooks },
      { provide: LogSettings, useValue: config.log },
    ];
    return { module: ConfigModule, providers: slices, exports: slices.map(({ provide }) => provide) };
  }
}
