import { batchCalls } from './api/batches.calls.js';
import { counterCalls } from './api/counters.calls.js';
import { edgeCalls } from './api/edges.calls.js';
import { keyCalls } from './api/keys.calls.js';
import { sessionCalls } from './api/session.calls.js';
import { healthCalls } from './health/health.calls.js';
import { historyCalls } from './history/history.calls.js';
import { forecastCalls } from './insight/forecast.calls.js';
import { watchCalls } from './insight/watches.calls.js';
import { webhookCalls } from './insight/webhooks.calls.js';
import { adminCalls } from './jobs/admin.calls.js';
import { metricsCalls } from './metrics/metrics.calls.js';
import { auditCalls } from './operations/audit.calls.js';
import { drillCalls } from './operations/drill.calls.js';
import { newsCalls } from './operations/news.calls.js';
import { timelineCalls } from './operations/timeline.calls.js';
import { sharingCalls } from './sharing/sharing.calls.js';
import { streamCalls } from './stream/stream.calls.js';
import type { Call } from './web/openapi/call.js';
import { problemCalls } from './web/problems/problems.calls.js';

/** Every call over HTTP, in the order of the document. */
export const CALLS: readonly Call[] = [
  ...counterCalls,
  ...batchCalls,
  ...edgeCalls,
  ...historyCalls,
  ...forecastCalls,
  ...watchCalls,
  ...webhookCalls,
  ...streamCalls,
  ...sessionCalls,
  ...keyCalls,
  ...sharingCalls,
  ...adminCalls,
  ...drillCalls,
  ...auditCalls,
  ...newsCalls,
  ...timelineCalls,
  ...healthCalls,
  ...metricsCalls,
  ...problemCalls,
];
