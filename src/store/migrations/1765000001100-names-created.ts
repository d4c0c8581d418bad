import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many names each key has brought into being, from now on; those that were deleted since are counted too. */
export class NamesCreated1765000001100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Null: what the configuration says.
    await runner.query('ALTER TABLE api_keys ADD COLUMN max_names bigint CHECK (max_names >= 0)');
    await runner.query(`
      CREATE TABLE names_created (
        key_id text COLLATE "C" NOT NULL,
        -- Several rows a key, of which each batch takes one at random, so that instances hardly wait for one another.
        bucket smallint NOT NULL,
        names  bigint NOT NULL,
        CONSTRAINT names_created_pkey PRIMARY KEY (key_id, bucket)
      ) WITH (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE names_created');
    await runner.query('ALTER TABLE api_keys DROP COLUMN max_names');
  }
}
