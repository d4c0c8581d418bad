import { AsyncLocalStorage } from 'node:async_hooks';
import type { OnApplicationShutdown } from '@nestjs/common';
import {
  type Attributes,
  type Context,
  type Exception,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';

/** Where spans go. */
export interface TraceSink {
  readonly tracer: Tracer;
  /** What an incoming request says of the trace that it belongs to. */
  readonly contextOf: (headers: object) => Context;
  /** Sends what is left, and ends. */
  readonly close: () => Promise<void>;
}

/**
 * Spans of OpenTelemetry: a request, the batch that carries it, that batch's commit and publish, and jobs. Where nobody
 * wants them, each call is a look at one field, and no context is carried along.
 */
export class Traces implements OnApplicationShutdown {
  private readonly spans = new AsyncLocalStorage<Span>();

  /** @param sink null: no spans are wanted */
  constructor(private readonly sink: TraceSink | null) {}

  get areOn(): boolean {
    return this.sink !== null;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sink?.close();
  }

  /** The span in which the caller runs; null where there is none. */
  current(): Span | null {
    return this.sink === null ? null : (this.spans.getStore() ?? null);
  }

  /** Members for a line of the log, by which its trace is found; none where nothing is traced. */
  logged(): { readonly trace_id?: string; readonly span_id?: string } {
    const span = this.current()?.spanContext();
    return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
  }

  /** Begins the span of a request, in the trace that its headers name or in one of its own; the caller ends it. */
  beginRequest(name: string, headers: object, attributes: Attributes): Span | null {
    if (this.sink === null) return null;
    const { tracer, contextOf } = this.sink;
    return tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, contextOf(headers));
  }

  /** Runs work, and all that it begins, in a span that somebody else ends. */
  in<T>(span: Span | null, work: () => T): T {
    return span === null ? work() : this.spans.run(span, work);
  }

  /** Runs work in a span of its own: below the one in which the caller runs, else in a trace of its own. */
  within<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.sink === null) return work();
    const parent = this.spans.getStore();
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent);
    return this.run(this.sink.tracer.startSpan(name, {}, context), work);
  }

  /**
   * Runs work that several requests share. Its span stands below the first of them whose trace is kept, and the others are
   * linked with it in both directions; without any there is none.
   *
   * @param requests their spans, null for what is not traced
   */
  shared<T>(name: string, requests: Iterable<Span | null>, work: () => Promise<T>): Promise<T> {
    if (this.sink === null) return work();
    const kept = [...new Set(requests)].filter((span) => span !== null).filter(isKept);
    const [first, ...others] = kept;
    if (first === undefined) return this.spans.exit(work);
    const links = others.map((span) => ({ context: span.spanContext() }));
    const span = this.sink.tracer.startSpan(name, { links }, trace.setSpan(ROOT_CONTEXT, first));
    for (const other of others) other.addLink({ context: span.spanContext() });
    return this.run(span, work);
  }

  private run<T>(span: Span, work: () => Promise<T>): Promise<T> {
    return this.spans.run(span, async () => {
      try {
        return await work();
      } catch (error) {
        span.recordException(error as Exception);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  }
}

/** The id of a trace that is kept; null where nothing is traced, or this is not sent. */
export function keptTraceOf(span: Span | null): string | null {
  return span !== null && isKept(span) ? span.spanContext().traceId : null;
}

function isKept(span: Span): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}
