/** A counter, as the service tells it. */
export const CONSTANT_ANSWER =
  '{"name":"counter-0","value":1,"version":1,"min":null,"max":null,' +
  '"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}';
