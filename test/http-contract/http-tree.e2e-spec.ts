/** Names as a tree: level by level, page by page, with what is below each. */
import { withService } from '../support/service.js';

interface Node {
  readonly name: string;
  readonly isBranch: boolean;
  readonly count: number;
  readonly sum: number;
}
interface Page {
  readonly data: readonly Node[];
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
}

const COUNTERS = {
  alone: 1,
  'page:': 2,
  'page:/a': 3,
  'page:/b:x': 4,
  'page:/b:y': -5,
  page: 6,
  'pages:1': 7,
  'votes::odd': 8,
  'votes:é:1': 9,
};

const service = withService();

beforeAll(async () => {
  for (const [name, value] of Object.entries(COUNTERS)) await service.calls.set(name, { value });
  await service.calls.set('gone:1', { value: 9 });
  await service.calls.delete('gone:1');
});

async function page(query: string): Promise<Page> {
  const { status, text, body } = await service.calls.call<Page>('GET', `/v1/tree${query}`);
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body;
}

const brief = ({ data }: Page) => data.map(({ name, isBranch, count, sum }) => [name, isBranch, count, sum]);

const FIRST = [
  ['alone', false, 1, 1],
  ['page', false, 1, 6],
  ['page:', true, 4, 4],
  ['pages:', true, 1, 7],
  ['votes:', true, 2, 17],
];

it.each([
  ['', FIRST],
  [
    '?prefix=page:',
    [
      ['page:', false, 1, 2],
      ['page:/a', false, 1, 3],
      ['page:/b:', true, 2, -1],
    ],
  ],
  [
    '?prefix=page:&separator=/',
    [
      ['page:', false, 1, 2],
      ['page:/', true, 3, 2],
    ],
  ],
  ['?prefix=pa', FIRST.slice(1, 4)],
  [
    '?prefix=votes:',
    [
      ['votes::', true, 1, 8],
      ['votes:é:', true, 1, 9],
    ],
  ],
  ['?prefix=nothing', []],
])('%s tells the level below it', async (query, expected) => {
  expect(brief(await page(query))).toEqual(expected);
});

it('pages follow each other, each name once', async () => {
  const names: unknown[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const found: Page = await page(`?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
    names.push(...brief(found));
    cursor = found.nextCursor;
  }
  expect(names).toEqual(FIRST);
});

it.each(['?separator=', '?separator=%00', '?limit=0', '?cursor=!', '?name=a', '?prefix=%00'])(
  '%s is refused',
  async (query) => {
    expect((await service.calls.call('GET', `/v1/tree${query}`)).status).toBe(400);
  },
);
