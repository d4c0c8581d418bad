import { readFileSync } from 'node:fs';

const DOCKERFILE = new URL('../../docker/Dockerfile', import.meta.url);

export interface NodeCommand {
  readonly options: readonly string[];
  /** A path from the root of the project. */
  readonly program: string;
}

/** How the image calls Node. */
export function imageCommand(): NodeCommand {
  const [, command = ''] = /^CMD (\["node".*\])$/m.exec(readFileSync(DOCKERFILE, 'utf8')) ?? [];
  const args = (JSON.parse(command) as string[]).slice(1);
  return { options: args.slice(0, -1), program: args.at(-1) ?? '' };
}
