/**
 * The program: listens for signals, then loads and starts the service. In this order, since the kernel spares process 1
 * of a container a signal that it does not handle yet, and loading takes most of a second.
 */
import { endOnEarlySignal } from './early-signals.js';

endOnEarlySignal();
await import('./start.js');
