import { explore } from './explorer.js';
import { type ClaimBounds, CLAIMS, type ClaimRules, keyClaims } from './key-claims.js';

const BOUNDS: ClaimBounds = { requests: 3, end: 7 };

describe('keys that are claimed', () => {
  it('count each request once, whichever bucket it is in, whoever crashes, and whatever ends meanwhile', () => {
    expect(explore(keyClaims(CLAIMS, BOUNDS))).toMatchObject({ verdict: 'sound', trace: [] });
  });

  it.each<[string, Partial<ClaimRules>, RegExp]>([
    ['it was claimed after the write', { first: 'the write' }, /under one claim/],
    ['each instance had claims of its own', { place: 'of each instance' }, /under one claim/],
    ['a claim was handed out until it is replaced', { rests: false }, /twice/],
    ['answers ended with their claims', { answersOutlive: false }, /twice/],
    ['any answer was the answer', { answer: 'any that is there' }, /an older answer|meets/],
    ['answers of the same claim were removed', { removes: 'anything' }, /twice/],
    ['a later claim ended when the earlier one did', { replaced: 'as before' }, /an older answer|meets/],
  ])('would not, if %s', (_name, change, violation) => {
    const found = explore(keyClaims({ ...CLAIMS, ...change }, BOUNDS));
    expect(found.verdict).toBe('violated');
    expect(found.trace.at(-1)).toMatch(violation);
  });
});
