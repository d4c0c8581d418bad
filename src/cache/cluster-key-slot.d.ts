declare module 'cluster-key-slot' {
  /** The slot of a key in Redis Cluster, 0 to 16383. */
  export default function keySlot(key: string | Buffer): number;
}
