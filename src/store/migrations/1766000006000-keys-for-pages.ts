import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys that anybody can read in the source of a page: they add and do nothing else, for some pages, at some pace. */
export class KeysForPages1766000006000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE api_keys
        -- Of pages that may call with it, such as https://example.org; none: whoever has it.
        ADD COLUMN origins text[] NOT NULL DEFAULT '{}',
        -- Requests; null: what the configuration says.
        ADD COLUMN per_second integer CHECK (per_second > 0),
        DROP CONSTRAINT api_keys_scopes_check,
        ADD CONSTRAINT api_keys_scopes_check
          CHECK (scopes <@ ARRAY['increment', 'read', 'write', 'admin'] AND cardinality(scopes) > 0)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    // A key that may only add would be one that may do nothing.
    await runner.query(`DELETE FROM api_keys WHERE scopes <@ ARRAY['increment']`);
    await runner.query(`UPDATE api_keys SET scopes = array_remove(scopes, 'increment')`);
    await runner.query(`
      ALTER TABLE api_keys
        DROP CONSTRAINT api_keys_scopes_check,
        ADD CONSTRAINT api_keys_scopes_check
          CHECK (scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(scopes) > 0),
        DROP COLUMN per_second,
        DROP COLUMN origins`);
  }
}
