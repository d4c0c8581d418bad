import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { packageVersion } from '../config/package-version.js';
import { ProcessSettings } from '../config/processes.js';
import { type Meter, Meters, type NumberMeter } from '../meters/meters.js';
import { histogramText, numberText, openMetricsOf } from '../meters/text-format.js';
import { libraryOf, metersOf, type Numbers, numbersOf } from './numbers.js';

const BUILD_INFO: NumberMeter = {
  kind: 'gauge',
  name: 'evercount_build_info',
  together: 'committer',
  help: 'Always 1; which release this is',
  read: () => [{ labels: { version: packageVersion(), node: process.versions.node }, value: 1 }],
};

/** Of the process, and so the same for every instance of the service in it: memory, CPU, event loop, collections. */
let ofProcess: Registry | null = null;

/** What Prometheus reads: every meter that was added, the process, and which release this is. */
@Injectable()
export class MetricsPage {
  /** Asks for the numbers of all processes; null: there is this one alone. */
  private ask: (() => Promise<Numbers>) | null = null;

  constructor(
    private readonly meters: Meters,
    private readonly settings: ProcessSettings,
  ) {}

  /** The page, in the text format of Prometheus. Never fails because a server is away. */
  readText(): Promise<string> {
    return this.read(false);
  }

  /** The same as OpenMetrics, with exemplars: traces of requests that took as long. */
  async readOpenMetrics(): Promise<string> {
    return openMetricsOf(await this.read(true));
  }

  /** From now on the page tells of all processes together. */
  readBy(ask: () => Promise<Numbers>): void {
    this.ask = ask;
  }

  /** What this process alone says. */
  numbers(): Promise<Numbers> {
    ofProcess ??= processRegistry();
    const said = this.all.filter((meter) => this.settings.role !== 'worker' || !isOfCommitter(meter));
    return numbersOf(said, ofProcess);
  }

  private get all(): Meter[] {
    return [BUILD_INFO, ...this.meters.all];
  }

  private async read(hasExemplars: boolean): Promise<string> {
    if (this.ask === null) return textOf(this.all, (ofProcess ??= processRegistry()), hasExemplars);
    const numbers = await this.ask();
    return textOf(metersOf(numbers), libraryOf([numbers]), hasExemplars);
  }
}

function isOfCommitter(meter: Meter): boolean {
  return meter.kind !== 'histogram' && meter.together === 'committer';
}

async function textOf(meters: readonly Meter[], library: Registry, hasExemplars: boolean): Promise<string> {
  const numbers: Promise<string>[] = [];
  const histograms: string[] = [];
  for (const meter of meters) {
    if (meter.kind === 'histogram') histograms.push(histogramText(meter, hasExemplars));
    else numbers.push(numberText(meter));
  }
  const [own, process] = await Promise.all([Promise.all(numbers), library.metrics()]);
  return `${own.join('\n\n')}\n\n${histograms.join('\n')}\n${process}`;
}

function processRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
