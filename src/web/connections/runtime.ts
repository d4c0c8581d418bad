/** Whether this is Bun, whose connections do not tell all that Node's do ([docs/bun.md](../../../docs/bun.md)). */
export const IS_BUN = process.versions['bun'] !== undefined;
