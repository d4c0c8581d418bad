/** Both ways to start the service that the documents tell of give Node the same options. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { imageCommand } from '../support/image-command.js';

it('npm start calls Node as the image does', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const { options } = imageCommand();
  expect(options).not.toEqual([]);
  expect(scripts['start']).toBe(['exec node', ...options, 'scripts/start.mjs'].join(' '));
});
