import { api, ApiError } from '../api.js';
import { Chart, type Series } from '../chart.js';
import { csvOf, download, fileNameOf } from '../csv.js';
import { every, h, setText } from '../dom.js';
import { bucket, change, number } from '../format.js';
import { RANGE_LABELS, withChange } from '../ranges.js';
import { type Range, RANGES } from '../route.js';
import type { HistoryPoint, Interval } from '../shapes.js';
import { zone } from '../zone.js';
import { choice } from './choice.js';

/** Corrects what live changes added up. */
const RELOAD_MS = 60_000;
const RETRY_MS = 3_000;

/** The changes of one counter over time: as a chart, as a table, as a file. */
export class HistoryPanel {
  readonly element: HTMLElement;
  private readonly note = h('p', { class: 'quiet', role: 'status' }, 'Loading');
  private readonly sum = h('p', { class: 'total' });
  private readonly canvas = h('div', { class: 'chart', 'aria-hidden': 'true' });
  private readonly table = h('div', {
    class: 'scroll',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Changes over time',
  });
  private readonly details: HTMLDetailsElement;
  private readonly save: HTMLButtonElement;
  private readonly chart = new Chart(this.canvas);
  private readonly stopTimer: () => void;
  private value: number | null = null;
  private points: readonly HistoryPoint[] = [];
  private interval: Interval = 'hour';
  /** In which the points begin. */
  private zone = zone();
  private series: Series = 'value';
  private round = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly name: string,
    private range: Range,
    private readonly onRange: (range: Range) => void,
  ) {
    this.save = h('button', { type: 'button', onclick: () => this.download() }, 'Download CSV');
    this.details = h(
      'details',
      { ontoggle: () => this.showTable() },
      h('summary', {}, 'The same as a table'),
      this.table,
    );
    const ranges = choice(
      'Range',
      'range',
      RANGES.map((each) => [each, RANGE_LABELS[each]]),
      range,
      (next) => this.setRange(next),
    );
    const kinds = choice<Series>(
      'What is drawn',
      'series',
      [
        ['value', 'Value'],
        ['delta', 'Change'],
      ],
      'value',
      (next) => this.setSeries(next),
    );
    this.element = h(
      'section',
      { class: 'history', 'aria-label': 'History' },
      h('div', { class: 'tools' }, ranges, kinds, this.save),
      this.sum,
      this.note,
      this.canvas,
      this.details,
    );
    this.stopTimer = every(RELOAD_MS, () => void this.load());
    void this.load();
  }

  /** The value as it is now, which history may be some seconds behind. */
  setValue(value: number): void {
    this.value = value;
    if (this.catchUp()) this.show();
  }

  private catchUp(): boolean {
    const last = this.points.at(-1);
    if (last === undefined || this.value === null || this.value === last.value) return false;
    this.points = withChange(this.points, this.value);
    return true;
  }

  /** Loads again, such as when the service is back. */
  async load(): Promise<void> {
    clearTimeout(this.retry);
    this.round += 1;
    const mine = this.round;
    try {
      const { data, interval, tz } = await api.histories([this.name], this.range);
      if (mine !== this.round) return;
      this.points = data[this.name] ?? [];
      this.interval = interval;
      this.zone = tz;
      this.catchUp();
      this.show();
    } catch (error) {
      if (mine !== this.round || !(error instanceof ApiError)) return;
      if (this.points.length === 0) this.showFault(error);
      if (error.isAway) this.retry = setTimeout(() => void this.load(), RETRY_MS);
    }
  }

  close(): void {
    this.round += 1;
    clearTimeout(this.retry);
    this.stopTimer();
    this.chart.close();
  }

  private setRange(range: Range): void {
    this.range = range;
    this.points = [];
    this.onRange(range);
    void this.load();
  }

  private setSeries(series: Series): void {
    this.series = series;
    this.show();
  }

  private show(): void {
    const empty = this.points.length === 0;
    this.showParts(!empty);
    if (empty) {
      setText(this.note, 'No history yet.');
      return;
    }
    const all = this.points.reduce((sum, { delta }) => sum + delta, 0);
    setText(this.sum, `${change(all)} in ${RANGE_LABELS[this.range]}`);
    this.chart.show(this.points, this.interval, this.zone, this.series);
    this.showTable();
  }

  private showParts(shown: boolean): void {
    this.note.hidden = shown;
    for (const part of [this.sum, this.canvas, this.details]) part.hidden = !shown;
    this.save.disabled = !shown;
  }

  private showFault(error: ApiError): void {
    this.showParts(false);
    const missing = error.status === 404 ? 'History is not available.' : error.message;
    setText(this.note, error.isAway ? 'The history cannot be had right now; trying again.' : missing);
  }

  /** Only while it is open: it may have hundreds of rows. */
  private showTable(): void {
    if (!this.details.open) return;
    const { interval } = this;
    const rows = this.points
      .toReversed()
      .map(({ at, delta, value }) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, h('time', { datetime: at }, bucket(at, interval, this.zone))),
          h('td', {}, change(delta)),
          h('td', {}, number(value)),
        ),
      );
    const head = ['From', 'Change', 'Value'].map((title) => h('th', { scope: 'col' }, title));
    this.table.replaceChildren(
      h(
        'table',
        {},
        h('caption', { class: 'unseen' }, `Changes by ${interval}, newest first`),
        h('thead', {}, h('tr', {}, ...head)),
        h('tbody', {}, ...rows),
      ),
    );
  }

  private download(): void {
    download(csvOf(this.points), fileNameOf(this.name, this.range));
  }
}
