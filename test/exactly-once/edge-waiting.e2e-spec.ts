/** However much waits at an edge, it is delivered once, in little memory, and the file shrinks afterwards. */
import { stat } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { EdgeFile } from '../../src/edge/edge-file.js';
import { type Counted, Tally } from '../../src/edge/tally.js';
import { localCalls, settingsOf, startEdgeProcess } from '../support/edge.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

/** EDGE_WAITING=1000000 is the long form: some minutes; ten million take an hour on two busy cores. */
const WAITING = Number(process.env['EDGE_WAITING'] ?? '50000');

const NAMES = 1_000;
const MINUTES = WAITING / NAMES;

/** So long that what waits is large however few there are. */
const nameOf = (index: number): string => `waiting:${'x'.repeat(235)}:${index}`;

/**
 * Megabytes that an edge may keep in memory, however much waits: it needs some 22. If it kept what it delivered, it would
 * need 40 for as few items as these, and end.
 */
const NODE_OPTIONS = ['--max-old-space-size=34'];

const service = withService();

/** Each counter in each minute is an item of its own. */
function fill(path: string): void {
  const file = EdgeFile.open(path);
  const tally = new Tally(file);
  const group = Array.from({ length: NAMES }, (_, index): Counted => ({ name: nameOf(index), by: 1, key: null }));
  const beganMs = Date.now() - MINUTES * 60_000;
  for (let minute = 0; minute < MINUTES; minute += 1) tally.keep(group, beganMs + minute * 60_000);
  file.close();
}

it(
  `${WAITING} items arrive once, in little memory, and the file shrinks afterwards`,
  async () => {
    const { file } = await settingsOf(service.app.url);
    fill(file);
    const { size: fullBytes } = await stat(file);
    const edge = await startEdgeProcess(service.app.url, file, NODE_OPTIONS);
    try {
      const { body } = await localCalls(edge).call<{ id: string }>('GET', '/v1/edge');
      await eventually(async () => {
        const { last } = (await service.calls.call<{ last: number }>('GET', `/v1/edges/${body.id}`)).body;
        return last === WAITING;
      }, 60_000 + WAITING);
      const found = await service.calls.call<{ data: { value: number }[] }>(
        'GET',
        `/v1/counters?prefix=waiting:&limit=${NAMES}`,
      );
      expect(found.body.data.map(({ value }) => value)).toEqual(Array.from({ length: NAMES }, () => MINUTES));
      await eventually(async () => (await stat(file)).size < fullBytes / 2, 60_000 + WAITING / 50);
    } finally {
      await edge.kill();
    }
  },
  600_000 + WAITING,
);
