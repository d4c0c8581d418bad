/** What a courier does when the disk is full; all else of it is tried against a service. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { Courier } from './courier.js';
import { DiskRefuses, EdgeFile } from './edge-file.js';
import { Outbox } from './outbox.js';
import { Upstream } from './upstream.js';

it('goes on beside a full disk when there is only something to tidy up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evercount-courier-'));
  const file = EdgeFile.open(join(folder, 'edge.db'));
  let tries = 0;
  class FullOutbox extends Outbox {
    override forget(): boolean {
      tries += 1;
      throw new DiskRefuses('There is no room on the disk: nothing was written.');
    }
  }
  const courier = new Courier(file, new FullOutbox(file), new Upstream('http://127.0.0.1:9', null), 1, 0);
  courier.start();
  try {
    await eventually(() => tries > 1);
  } finally {
    await courier.stop();
    file.close();
    await rm(folder, { recursive: true });
  }
  expect(courier.contact.fault).toBeNull();
});
