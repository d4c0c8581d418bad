import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { packageVersion } from '../config/package-version.js';
import { Meters } from '../meters/meters.js';
import { expose, histogramText, openMetricsOf } from './exposition.js';

/** Of the process, and so the same for every instance of the service in it: memory, CPU, event loop, collections. */
let ofProcess: Registry | null = null;

/** What Prometheus reads: every meter that was added, the process, and which release this is. */
@Injectable()
export class MetricsPage {
  private readonly registry = new Registry();
  /** How many of the meters are in the registry already: rooms add theirs while they start. */
  private known = 0;

  constructor(private readonly meters: Meters) {
    const info = new Gauge({
      name: 'evercount_build_info',
      help: 'Always 1; which release this is',
      labelNames: ['version', 'node'],
      registers: [this.registry],
    });
    info.set({ version: packageVersion(), node: process.versions.node }, 1);
  }

  /** The page, in the text format of Prometheus. Never fails because a server is away. */
  readText(): Promise<string> {
    return this.read(false);
  }

  /** The same as OpenMetrics, with exemplars: traces of requests that took as long. */
  async readOpenMetrics(): Promise<string> {
    return openMetricsOf(await this.read(true));
  }

  private async read(hasExemplars: boolean): Promise<string> {
    for (const meter of this.meters.all.slice(this.known)) if (meter.kind !== 'histogram') expose(meter, this.registry);
    this.known = this.meters.all.length;
    const histograms = this.meters.all.flatMap((meter) =>
      meter.kind === 'histogram' ? [histogramText(meter, hasExemplars)] : [],
    );
    ofProcess ??= processRegistry();
    const [own, process] = await Promise.all([this.registry.metrics(), ofProcess.metrics()]);
    return `${own}\n${histograms.join('\n')}\n${process}`;
  }
}

function processRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
