import { Injectable } from '@nestjs/common';
import type { Deed } from '../../domain/deed.js';
import { AuditLog, type AuditPage, type AuditQuestion } from '../../store/audit-log.js';
import { orUnavailable } from '../or-unavailable.js';

const NOT_TAKEN_DOWN = 'Who does this cannot be taken down: ';

/** Who did what. */
@Injectable()
export class AuditService {
  constructor(private readonly log: AuditLog) {}

  /**
   * The next deeds, latest first.
   *
   * @throws Unavailable
   */
  page(question: AuditQuestion): Promise<AuditPage> {
    return orUnavailable(() => this.log.page(question));
  }

  /**
   * Does what no transaction holds: it is written down first, and what it came to afterwards.
   *
   * @throws Unavailable where it cannot be written down: then it is not done
   */
  async around<T>(deed: Deed, work: () => Promise<{ readonly result: T; readonly after: object }>): Promise<T> {
    const id = await orUnavailable(() => this.log.begin(deed), NOT_TAKEN_DOWN);
    const { result, after } = await work();
    await orUnavailable(() => this.log.finish(id, after), NOT_TAKEN_DOWN);
    return result;
  }
}
