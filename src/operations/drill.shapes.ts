import { z } from 'zod';
import { fields } from '../web/shapes.js';

/** An operator watches it. */
const MAX_SECONDS = 30;

/** Each is read three times. */
const MAX_SAMPLE = 1_000;

const upTo = (max: number) => {
  const error = `must be a whole number from 1 to ${max}`;
  return z.int({ error }).min(1, { error }).max(max, { error });
};

export const DrillBody = z.strictObject(
  {
    seconds: upTo(MAX_SECONDS).default(5).meta({ description: 'Of light load before the flush, and after it.' }),
    sample: upTo(MAX_SAMPLE)
      .default(200)
      .meta({ description: 'Counters that are compared, at most; they are only read.' }),
  },
  fields,
);

export const BegunDrill = z.object({
  drill: z.object({ state: z.literal('running'), seconds: z.int(), sample: z.int() }),
});
