/** `npm run fuzz -- --attack --minutes 5`: attackers in turn, then all at once, on servers of its own. */
import { startPostgres } from '../../support/servers.js';
import { ALL_TOGETHER, heldText, judge, judgeHeld, judgeRevocation, ONE_BY_ONE } from './judgement.js';
import { Siege } from './siege.js';

/** Of the time, all at once. */
const SHARE_TOGETHER = 0.5;

/** Long enough for a p99 of a client that nobody attacks. */
const LONGEST_ALONE_MS = 60_000;

/**
 * @param together all attackers at once, for all of the time
 * @returns whether nobody else was shut out
 */
export async function attackFor(minutes: number, together: boolean): Promise<boolean> {
  const lastsMs = minutes * 60_000;
  const postgres = await startPostgres();
  const siege = await Siege.begin(await postgres.createDatabase('besieged'));
  const faults: string[] = [];
  try {
    // Until everything has run once, it is slow.
    await siege.client.measure(3_000);
    const before = await siege.held();
    const eachMs = (lastsMs * (1 - SHARE_TOGETHER)) / ONE_BY_ONE.length / 2;
    const inTurn = [
      ...ONE_BY_ONE.map((names) => ({ names, lastsMs: eachMs })),
      { names: ALL_TOGETHER, lastsMs: (lastsMs * SHARE_TOGETHER) / 2 },
    ];
    const rounds = together ? [{ names: ALL_TOGETHER, lastsMs }] : inTurn;
    for (const round of rounds) {
      const aloneMs = Math.min(round.lastsMs, LONGEST_ALONE_MS);
      const { line, isSlow, faults: found } = await judge(siege, round.names, round.lastsMs, aloneMs);
      console.log(isSlow ? `${line}: TOO SLOW` : line);
      faults.push(...found, ...(isSlow ? [line] : []));
    }
    faults.push(...(await judgeRevocation(siege)));
    const after = await siege.held();
    console.log(heldText(after));
    faults.push(...judgeHeld(before, after));
  } finally {
    await siege.end();
    await postgres.stop();
  }
  for (const fault of faults) console.log(fault);
  console.log(`verdict: ${faults.length === 0 ? 'passed' : 'FAILED'}`);
  return faults.length === 0;
}
