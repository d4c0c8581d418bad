const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Nothing was started that would have to be closed. */
const end = (): never => process.exit(0);

/** Ends the process on SIGTERM or SIGINT, until something listens that has more to do. */
export function endOnEarlySignal(): void {
  for (const signal of SIGNALS) process.on(signal, end);
}

/** A worker ends when the process that commits says so: a terminal sends its own signals to the whole group. */
export function ignoreSignals(): void {
  for (const signal of SIGNALS) process.on(signal, () => undefined);
}

/** To be called by whoever listens from now on. */
export function endNoMoreOnEarlySignal(): void {
  for (const signal of SIGNALS) process.removeListener(signal, end);
}
