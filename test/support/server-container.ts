/** A server of the tests in a container, by Testcontainers, where a Docker engine answers. */
import { GenericContainer, getContainerRuntimeClient, Wait, type StartedTestContainer } from 'testcontainers';
import type { User } from '../../src/embedded/user.js';
import type { ServerHost } from './server-host.js';

export interface ContainerPlan {
  readonly image: string;
  readonly path: string;
  readonly args: readonly string[];
  /** Bound into the container under the same path. */
  readonly folder: string;
  readonly user: User | null;
  readonly port: number;
  readonly stopSignal: NodeJS.Signals;
  readonly untilReady: () => Promise<void>;
}

export class ContainerHost implements ServerHost {
  private container: StartedTestContainer | null = null;
  private firstPid = 0;

  constructor(private readonly plan: ContainerPlan) {}

  get pid(): number {
    return this.firstPid;
  }

  async start(): Promise<void> {
    const { image, path, args, folder, user, port } = this.plan;
    if (this.container === null) {
      const uid = user?.uid ?? process.getuid?.() ?? 0;
      const gid = user?.gid ?? process.getgid?.() ?? 0;
      this.container = await new GenericContainer(image)
        .withEntrypoint([path])
        .withCommand([...args])
        .withUser(`${uid}:${gid}`)
        .withBindMounts([{ source: folder, target: folder, mode: 'rw' }])
        .withExposedPorts({ container: port, host: port })
        // It must outlive its death: to be started again with what it held.
        .withAutoRemove(false)
        // Both say so; a look at the ports from inside would want a shell and tools that an image may lack.
        .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/i))
        .start();
    } else {
      await (await this.engine()).start();
    }
    await this.plan.untilReady();
    this.firstPid = (await (await this.engine()).inspect()).State.Pid;
  }

  stop(): Promise<void> {
    return this.endBy(this.plan.stopSignal);
  }

  async kill(): Promise<void> {
    if (await this.isRunning()) await this.endBy('SIGKILL');
  }

  async freeze(): Promise<void> {
    await (await this.engine()).pause();
  }

  async thaw(): Promise<void> {
    const engine = await this.engine();
    if ((await engine.inspect()).State.Paused) await engine.unpause();
  }

  async endBy(signal: NodeJS.Signals): Promise<void> {
    const engine = await this.engine();
    if (!(await this.isRunning())) return;
    await this.thaw();
    const ended = engine.wait();
    await engine.kill({ signal });
    await ended;
  }

  async remove(): Promise<void> {
    await (await this.engine()).remove({ force: true, v: true });
  }

  unref(): void {
    // Nothing of this process waits for a container; Testcontainers' own reaper ends it.
  }

  private async isRunning(): Promise<boolean> {
    return (await (await this.engine()).inspect()).State.Running;
  }

  private async engine() {
    if (this.container === null) throw new Error('The container was never started');
    return (await getContainerRuntimeClient()).container.getById(this.container.getId());
  }
}
