import { Logger } from '@nestjs/common';

/**
 * Questions in a row without an answer, after which a server counts as out of reach, and looks in a row that did not find
 * the place of a unit; one may be our own delay.
 */
export const SILENCES_BEFORE_AWAY = 2;

/** What is told when a server is out of reach, and when it answers again. */
export interface ReachWords {
  readonly away: string;
  readonly back: string;
}

/** Whether a server answers this instance, by how the last questions to it went; each turn is told once. */
export class Reach {
  private readonly log = new Logger('CacheGuard');
  private silences = 0;
  private told: 'nothing' | 'away' | 'back' = 'nothing';

  constructor(private readonly words: ReachWords) {}

  /** Whether the last question was answered. */
  get answeredLast(): boolean {
    return this.silences === 0;
  }

  /** Whether so many questions in a row went without an answer that it takes it for away. */
  get isAway(): boolean {
    return this.silences >= SILENCES_BEFORE_AWAY;
  }

  /** `silent`: the last question was not answered, which may be a delay of this instance. */
  get state(): 'up' | 'silent' | 'away' {
    if (this.answeredLast) return 'up';
    return this.isAway ? 'away' : 'silent';
  }

  /** @param answered whether the last question was */
  note(answered: boolean): void {
    this.silences = answered ? 0 : this.silences + 1;
  }

  /** @param reason why it is out of reach, as far as that is known */
  tell(reason: string | null): void {
    if (this.answeredLast) {
      if (this.told !== 'back') this.log.log(this.words.back);
      this.told = 'back';
    } else if (this.isAway) {
      if (this.told !== 'away') this.log.warn({ msg: this.words.away, reason });
      this.told = 'away';
    }
  }
}
