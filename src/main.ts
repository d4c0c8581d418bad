/**
 * The program: listens for signals, then loads and starts the service, or a worker of it. In this order, since the kernel
 * spares process 1 of a container a signal that it does not handle yet, and loading takes most of a second.
 */
import { endOnEarlySignal, ignoreSignals } from './process/early-signals.js';
import { isWorker } from './workers/argument.js';

if (isWorker()) {
  ignoreSignals();
  await import('./process/start-worker.js');
} else {
  endOnEarlySignal();
  await import('./process/start.js');
}
