import { GatheredGets, type Values } from './gathered-gets.js';
import { CacheUnavailable, type Command, otherServer, type RedisConnection, unavailable } from './redis-connection.js';
import { dataSetOf } from './server-identity.js';

/** Keys in one call of a script: Redis is busy for a fraction of a millisecond, and then serves others. */
const KEYS_PER_CALL = 100;

/**
 * The very connection by which a look found a server. Once it broke, nothing goes over it any more: what was learned over
 * it says nothing about the server that the next one leads to.
 */
export class Line {
  private static count = 0;

  /** Tells it from every other one. */
  readonly number = (Line.count += 1);

  /** The connection of now, which may be none; the line before where it is the same. */
  static of(connection: RedisConnection, before: Line | null): Line {
    return before?.generation === connection.generation ? before : new Line(connection, connection.generation);
  }

  private readonly gets = new GatheredGets((keys) => this.values(keys));

  /** @param generation of the connection: it is made anew whenever it breaks */
  private constructor(
    private readonly connection: RedisConnection,
    private readonly generation: number,
  ) {}

  /** Whether the connection is still the one by which the look found the server. */
  get isOpen(): boolean {
    return this.connection.generation === this.generation && this.connection.isReady;
  }

  /** `host:port` of the server, as others of its kind tell it. */
  get address(): string {
    return this.connection.address;
  }

  /** Keys that one command may name: of a cluster one, since each may be of a slot of its own. */
  get keysPerCall(): number {
    return this.connection.isOfCluster ? 1 : KEYS_PER_CALL;
  }

  /**
   * Sends commands in one pipeline.
   *
   * @returns for each its reply, or the error by which Redis refused it
   * @throws CacheUnavailable where that is not known of every one: some may still run
   */
  async send(commands: readonly Command[]): Promise<unknown[]> {
    if (!this.isOpen) throw new CacheUnavailable('the connection by which it was found is gone');
    return this.connection.send(commands);
  }

  /**
   * Sends one command.
   *
   * @throws CacheUnavailable also where Redis refused it
   */
  async ask(command: Command): Promise<unknown> {
    const [reply] = await this.send([command]);
    if (reply instanceof Error) throw unavailable(reply);
    return reply;
  }

  /**
   * The values of keys, or null, in their order; what is asked for in the same turn of the event loop travels together.
   *
   * @param dataSet what they must be of, see `dataSetOf`
   * @throws CacheUnavailable also where they are of another one, or of a replica
   */
  get(keys: readonly string[], dataSet: string): Promise<readonly (string | null)[]> {
    return this.gets.get(keys, dataSet);
  }

  /** The same, by a command of its own. */
  async getNow(keys: readonly string[], dataSet: string): Promise<readonly (string | null)[]> {
    const found = await this.values(keys);
    if (found.dataSet !== dataSet) throw otherServer();
    return found.values.map((value) => {
      if (value instanceof Error) throw unavailable(value);
      return value;
    });
  }

  /**
   * What keys hold, and whose it is. A server that was demoted goes on answering those who stayed, and soon with what an
   * older one had: so it is asked behind each look, which takes it a microsecond (`WAIT 0 0`, which a replica refuses,
   * takes less, but would not tell that it was demoted and promoted again).
   */
  private async values(keys: readonly string[]): Promise<Values> {
    const looks: Command[] = this.connection.isOfCluster ? keys.map((key) => ['get', key]) : [['mget', ...keys]];
    const replies = await this.send([...looks, ['info', 'replication']]);
    const info = replies.pop();
    if (info instanceof Error) throw unavailable(info);
    const dataSet = dataSetOf(String(info));
    if (this.connection.isOfCluster) return { values: replies as Values['values'], dataSet };
    const [values] = replies;
    if (values instanceof Error) throw unavailable(values);
    return { values: values as Values['values'], dataSet };
  }
}
