/** However the service is started, Node gets the same options. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const fileOf = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

it('npm start calls Node as the image does', () => {
  const { scripts } = JSON.parse(fileOf('package.json')) as { scripts: Record<string, string> };
  const [, image = ''] = /^CMD (\[.*\])$/m.exec(fileOf('docker/Dockerfile')) ?? [];
  const options = (JSON.parse(image) as string[]).slice(1, -1);
  expect(options).not.toEqual([]);
  expect(scripts['start']).toBe(['exec node', ...options, 'scripts/start.mjs'].join(' '));
});
