import { setTimeout as sleep } from 'node:timers/promises';
import { defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { type TraceSink, Traces } from './traces.js';

const SERVICE = 'evercount';

/** How long the last spans are waited for at the end: the library tries for longer to reach a collector that is away. */
const LAST_SPANS_MS = 2_000;

/** Where spans are to go. */
export interface TraceTarget {
  /** Null: none are wanted. */
  readonly exporter: 'otlp' | 'console' | null;
  /** Null: where the library's own default is. */
  readonly url: string | null;
}

/**
 * Spans as OpenTelemetry's variables ask for them. The library reads those of sampling, batching, headers, certificates and
 * resources by itself.
 *
 * @param version of the service
 */
export async function tracesOf(target: TraceTarget, version: string): Promise<Traces> {
  return new Traces(target.exporter === null ? null : await sinkOf(target, version));
}

async function sinkOf({ exporter, url }: TraceTarget, version: string): Promise<TraceSink> {
  // Imported only here: most services run without, and would start later.
  const [{ W3CTraceContextPropagator }, resources, sdk] = await Promise.all([
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
  ]);
  const named = resources
    .defaultResource()
    .merge(resources.resourceFromAttributes({ 'service.name': SERVICE, 'service.version': version }))
    .merge(resources.detectResources({ detectors: [resources.envDetector] }));
  const processor =
    exporter === 'console'
      ? new sdk.SimpleSpanProcessor(new sdk.ConsoleSpanExporter())
      : new sdk.BatchSpanProcessor(await otlpExporter(url));
  const provider = new sdk.BasicTracerProvider({ resource: named, spanProcessors: [processor] });
  const propagator = new W3CTraceContextPropagator();
  return {
    tracer: provider.getTracer(SERVICE, version),
    contextOf: (headers) => propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter),
    close: () =>
      Promise.race([provider.shutdown().catch(() => undefined), sleep(LAST_SPANS_MS, undefined, { ref: false })]),
  };
}

async function otlpExporter(url: string | null) {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter(url === null ? {} : { url });
}
