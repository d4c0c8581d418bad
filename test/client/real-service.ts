import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startRedis, type TestRedis } from '../support/servers.js';

const ROOT = new URL('../../', import.meta.url);

/** The service as it stands in the sources, in a process of its own, with a Redis of its own. */
export class RealService {
  private constructor(
    readonly url: string,
    private readonly process: ChildProcess,
    private readonly redis: TestRedis,
  ) {}

  static async start(databaseUrl: string): Promise<RealService> {
    const redis = await startRedis();
    const program = new URL('src/main.ts', ROOT).pathname;
    const child = spawn(process.execPath, ['--import', './test/support/run-typescript.mjs', program], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: databaseUrl,
        REDIS_URL: redis.url,
        PORT: '0',
        LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await urlOf(child);
    return new RealService(url, child, redis);
  }

  async stop(): Promise<void> {
    const exit = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await exit;
    await this.redis.stop();
  }
}

async function urlOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the service has no output');
  const said: string[] = [];
  for await (const line of createInterface(stdout)) {
    const ready = /ready at (\S+)/.exec(line);
    if (ready?.[1] !== undefined) {
      stdout.resume();
      return ready[1];
    }
    said.push(line);
  }
  throw new Error(`the service did not start: ${said.join('\n')}`);
}
