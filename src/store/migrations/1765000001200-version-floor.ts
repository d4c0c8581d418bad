import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The version at which names are absent that have no row. Above 0 once tombstones were purged: it is raised above all of
 * theirs before one is removed, so that a name that begins anew repeats no version.
 */
export class VersionFloor1765000001200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE version_floor (
        -- One for all names, as long as the truth is not divided.
        bucket smallint PRIMARY KEY DEFAULT 0 CHECK (bucket = 0),
        floor  bigint NOT NULL CHECK (floor BETWEEN 0 AND 9007199254740991)
      ) WITH (fillfactor = 10)`);
    await runner.query('INSERT INTO version_floor (floor) VALUES (0)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE version_floor');
  }
}
