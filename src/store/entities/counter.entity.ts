import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A row of the truth. A deleted counter stays as a tombstone (value 0, no bounds) that keeps its version until it is purged. */
@Entity('counters')
export class CounterEntity {
  @PrimaryColumn({ type: 'text', collation: 'C' })
  name!: string;

  /** bigint arrives as text; -(2^53 - 1) to 2^53 - 1. */
  @Column({ type: 'bigint' })
  value!: string;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'bigint', nullable: true })
  min!: string | null;

  @Column({ type: 'bigint', nullable: true })
  max!: string | null;

  @Column({ type: 'boolean' })
  deleted!: boolean;

  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3, nullable: true })
  expiresAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
