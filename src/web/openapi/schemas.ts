import { z } from 'zod';

export type Json = Record<string, unknown>;

/** JSON Schemas from those of Zod. What has a name of its own (`meta({ id })`) is written once, and referred to. */
export class Schemas {
  readonly components: Record<string, Json> = {};

  /** Of what a client may send. */
  input(schema: z.ZodType): Json {
    return this.jsonOf(schema, 'input');
  }

  /** Of what is answered: more members may come in time, so none are ruled out. */
  output(schema: z.ZodType): Json {
    return this.jsonOf(schema, 'output');
  }

  private jsonOf(schema: z.ZodType, io: 'input' | 'output'): Json {
    const json = z.toJSONSchema(schema, {
      io,
      override: ({ jsonSchema }) => {
        delete jsonSchema.readOnly;
        if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    });
    const { $defs = {}, ...own } = moved(json) as Json & { $defs?: Record<string, Json> };
    // The document names the dialect once, for all of its schemas.
    delete own['$schema'];
    Object.assign(this.components, $defs);
    return own;
  }
}

/** With references that lead to where the document keeps its schemas. */
function moved(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(moved);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === '$ref' ? String(value).replace('#/$defs/', '#/components/schemas/') : moved(value),
    ]),
  );
}
