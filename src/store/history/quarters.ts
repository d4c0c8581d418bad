import { MINUTE_MS } from '../../domain/time.js';

/** Those of an hour: the offset of every zone that is in use is made of them. */
export const QUARTERS = [0, 1, 2, 3] as const;
export type Quarter = (typeof QUARTERS)[number];

/** How long one lasts. */
const QUARTER_MS = 15 * MINUTE_MS;

/** The same, for SQL. */
const QUARTER = "interval '15 minutes'";

/** The columns of a row of hours that tell of one of its quarters. */
export const columnsOf = (quarter: Quarter) =>
  ({ value: `q${quarter}_value`, version: `q${quarter}_version` }) as const;

/** Which quarter of an hour of UTC a minute lies in. */
export function quarterOf(minuteMs: number): Quarter {
  const quarter = Math.floor(minuteMs / QUARTER_MS) % QUARTERS.length;
  return QUARTERS[quarter] ?? 0;
}

/**
 * What a row `h` of hours tells of: `at`, `value` and `version` of each quarter in which something changed. A version
 * that none of them has was written by a release without quarters: when in that hour, nobody knows, and it is told as of
 * the last one.
 */
export const CHANGED_QUARTERS = `(
  SELECT * FROM (VALUES
    ${QUARTERS.map((quarter) => {
      const { value, version } = columnsOf(quarter);
      return `(h.at + ${quarter} * ${QUARTER}, h.${value}, h.${version})`;
    }).join(', ')},
    (h.at + 3 * ${QUARTER}, h.value, CASE
      WHEN h.version > coalesce(greatest(${QUARTERS.map((quarter) => `h.${columnsOf(quarter).version}`).join(', ')}), 0)
      THEN h.version END)
  ) AS quarter (at, value, version)
  WHERE version IS NOT NULL
)`;

/**
 * What the history knows last of the counter `c` before a time: `at`, `value` and `version` of the last row of each kind
 * whose time was over by then. Finer ones may be gone where coarser ones still are; whose version is highest counts.
 *
 * @param time SQL of it, at the beginning of a minute
 * @param day SQL of the day that it lies in, as rows of days begin
 */
export const lastRowsBefore = (time: string, day: string): string => `
  (
    SELECT at, value, version FROM history_minutes
    WHERE bucket = c.bucket AND name = c.name AND created_at = c.created_at AND at < ${time} ORDER BY at DESC LIMIT 1
  )
  UNION ALL (
    -- In the last of them the time may lie.
    SELECT quarter.at, quarter.value, quarter.version
    FROM (
      SELECT * FROM history_hours
      WHERE bucket = c.bucket AND name = c.name AND created_at = c.created_at AND at < ${time} ORDER BY at DESC LIMIT 2
    ) AS h CROSS JOIN LATERAL ${CHANGED_QUARTERS} AS quarter
    WHERE quarter.at <= ${time} - ${QUARTER} ORDER BY quarter.at DESC, quarter.version DESC LIMIT 1
  )
  UNION ALL (
    SELECT at, value, version FROM history_days
    WHERE bucket = c.bucket AND name = c.name AND created_at = c.created_at AND at < ${day} ORDER BY at DESC LIMIT 1
  )`;
