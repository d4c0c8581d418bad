/** The order of the specs. A clean clone does not know how long they take; what takes long must not begin last. */
import Sequencer from '@jest/test-sequencer';

/** Those of more than half a minute, in the order of their beginning: the two tortures do not run at the same time. */
const LONGEST = [
  'test/torture/torture.e2e-spec.ts',
  'test/counts-survive/embedded.e2e-spec.ts',
  'test/linearizable-reads/jobs-schedule.e2e-spec.ts',
  'test/torture/mutants.e2e-spec.ts',
  'test/counts-survive/story.e2e-spec.ts',
  'test/linearizable-reads/guard.e2e-spec.ts',
  'test/counts-survive/crashes.e2e-spec.ts',
  'test/linearizable-reads/redis-sentinel.e2e-spec.ts',
  'test/dashboard/dashboard-use.e2e-spec.ts',
  'test/dashboard/dashboard-page.e2e-spec.ts',
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => LONGEST.findIndex((name) => path.endsWith(name)) + 1 || Infinity;
    // Equal ones stay in the order of Jest: as long as they took the last time, else as long as they are.
    return super.sort(tests).sort((one, other) => (rank(one) === rank(other) ? 0 : rank(one) - rank(other)));
  }
}
