/** Takes spans as a collector does, by OTLP over HTTP, so that tests see what the service sent. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

/** What of opentelemetry-proto/trace/v1 is looked at. */
const PROTO = `
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { string string_value = 1; int64 int_value = 3; }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    repeated KeyValue attributes = 9; repeated Link links = 13;
  }
`;

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes?: readonly KeyValue[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface RawRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

export interface ReceivedSpan {
  /** In hexadecimal, as in `traceparent`. */
  readonly traceId: string;
  readonly spanId: string;
  /** '' where it has none. */
  readonly parentId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Ids of spans. */
  readonly links: readonly string[];
  /** Of the service. */
  readonly resource: Readonly<Record<string, string>>;
}

export interface TraceReceiver {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  stop(): void;
}

const request = protobuf.parse(PROTO).root.lookupType('Request');
const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');
const recordOf = (pairs: readonly KeyValue[] = []) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? '']));

export async function startTraceReceiver(): Promise<TraceReceiver> {
  const spans: ReceivedSpan[] = [];
  const server = createServer((incoming, answer) => {
    void buffer(incoming).then((body) => {
      const bytes = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      spans.push(...spansOf(bytes));
      answer.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, spans, stop: () => void server.close() };
}

function spansOf(bytes: Buffer): ReceivedSpan[] {
  const { resourceSpans } = request.toObject(request.decode(bytes), { bytes: String, longs: String }) as RawRequest;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, name, attributes, links = [] }) => ({
        traceId: hex(traceId),
        spanId: hex(spanId),
        parentId: hex(parentSpanId ?? ''),
        name,
        attributes: recordOf(attributes),
        links: links.map((link) => hex(link.spanId)),
        resource: recordOf(resource.attributes),
      })),
    ),
  );
}
