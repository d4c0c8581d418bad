/** As `isoOf` writes it. */
const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** SQL that writes a time as RFC 3339 in UTC with milliseconds, whatever zone and style the session has. */
export function utc(time: string): string {
  return `to_char(${time} AT TIME ZONE 'UTC', ${ISO})`;
}
