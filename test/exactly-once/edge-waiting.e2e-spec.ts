/** However much waits at an edge, it is delivered once, in flat memory, and the file shrinks afterwards. */
import { readFile, stat } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { EdgeFile } from '../../src/edge/edge-file.js';
import { type Counted, Tally } from '../../src/edge/tally.js';
import { localCalls, settingsOf, startEdgeProcess } from '../support/edge.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

/** EDGE_WAITING=10000000 is the long form: half an hour. */
const WAITING = Number(process.env['EDGE_WAITING'] ?? '50000');

const NAMES = 1_000;
const MINUTES = WAITING / NAMES;

/** So long that what waits is large however few there are. */
const nameOf = (index: number): string => `waiting:${'x'.repeat(150)}:${index}`;

/** Node's own buffers for what is new are small, so that what is kept shows. */
const NODE_OPTIONS = ['--max-semi-space-size=1'];

/** What memory may grow by in the second half. */
const FLAT = 1.15;

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

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

it(
  `${WAITING} items arrive once, in flat memory, and the file shrinks afterwards`,
  async () => {
    const { file } = await settingsOf(service.app.url);
    fill(file);
    const { size: fullBytes } = await stat(file);
    const edge = await startEdgeProcess(service.app.url, file, NODE_OPTIONS);
    try {
      const { body } = await localCalls(edge).call<{ id: string }>('GET', '/v1/edge');
      const peaks = { first: 0, second: 0 };
      await eventually(async () => {
        const { last } = (await service.calls.call<{ last: number }>('GET', `/v1/edges/${body.id}`)).body;
        const half = last < WAITING / 2 ? 'first' : 'second';
        peaks[half] = Math.max(peaks[half], await residentBytes(edge.pid));
        return last === WAITING;
      }, 60_000 + WAITING);
      expect(peaks.second / peaks.first).toBeLessThan(FLAT);
      const found = await service.calls.call<{ data: { value: number }[] }>(
        'GET',
        `/v1/counters?prefix=waiting:&limit=${NAMES}`,
      );
      expect(found.body.data.map(({ value }) => value)).toEqual(Array.from({ length: NAMES }, () => MINUTES));
      await eventually(async () => (await stat(file)).size < fullBytes / 2);
    } finally {
      await edge.kill();
    }
  },
  600_000 + WAITING,
);
