import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { packageVersion } from '../config/package-version.js';
import { Meters, type NumberMeter } from '../meters/meters.js';
import { histogramText, numberText, openMetricsOf } from '../meters/text-format.js';

const BUILD_INFO: NumberMeter = {
  kind: 'gauge',
  name: 'evercount_build_info',
  help: 'Always 1; which release this is',
  read: () => [{ labels: { version: packageVersion(), node: process.versions.node }, value: 1 }],
};

/** Of the process, and so the same for every instance of the service in it: memory, CPU, event loop, collections. */
let ofProcess: Registry | null = null;

/** What Prometheus reads: every meter that was added, the process, and which release this is. */
@Injectable()
export class MetricsPage {
  constructor(private readonly meters: Meters) {}

  /** The page, in the text format of Prometheus. Never fails because a server is away. */
  readText(): Promise<string> {
    return this.read(false);
  }

  /** The same as OpenMetrics, with exemplars: traces of requests that took as long. */
  async readOpenMetrics(): Promise<string> {
    return openMetricsOf(await this.read(true));
  }

  private async read(hasExemplars: boolean): Promise<string> {
    const numbers: Promise<string>[] = [numberText(BUILD_INFO)];
    const histograms: string[] = [];
    for (const meter of this.meters.all) {
      if (meter.kind === 'histogram') histograms.push(histogramText(meter, hasExemplars));
      else numbers.push(numberText(meter));
    }
    ofProcess ??= processRegistry();
    const [own, process] = await Promise.all([Promise.all(numbers), ofProcess.metrics()]);
    return `${own.join('\n\n')}\n\n${histograms.join('\n')}\n${process}`;
  }
}

function processRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
