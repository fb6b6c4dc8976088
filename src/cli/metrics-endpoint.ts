import type { IncomingMessage, ServerResponse } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { answer } from '../base/answer.ts';
import { isLocalRequest } from '../status-page/local-requests.ts';
import { servicePrometheus } from '../telemetry/prometheus.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { StatusPageAudience } from './serve-settings.ts';

/** What shows the metrics of a service, and of its process, to Prometheus. */
export interface MetricsEndpoint {
  /** For the service. */
  readonly telemetry: Telemetry;
  /** Answers a request for `/metrics`, and tells whether it was one. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => boolean;
}

const PATH = '/metrics';
const TEXT = 'text/plain; charset=utf-8';
const REFUSAL = 'The metrics are shown to this machine only, as http://localhost. The documentation says how others may see them.\n';

/**
 * Metrics in a registry of their own, besides whatever else the process counts.
 *
 * @param audience - who may see them; asked at each request
 */
export function metricsEndpoint(audience: () => StatusPageAudience): MetricsEndpoint {
  const registry = new Registry();
  let collects = false;
  const collected = (): Promise<string> => {
    // Node has to watch itself for these, and need not where nobody looks.
    if (!collects) collectDefaultMetrics({ register: registry });
    collects = true;
    return registry.metrics();
  };
  const handle = (request: IncomingMessage, response: ServerResponse): boolean => {
    if ((request.url ?? '').replace(/\?.*$/s, '') !== PATH || audience() === 'nobody') return false;
    if (audience() === 'local' && !isLocalRequest(request)) answer(request, response, { status: 403, type: TEXT, body: REFUSAL });
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(request, response, { status: 405, type: TEXT, body: 'Only GET and HEAD.\n' }, { Allow: 'GET, HEAD' });
    } else {
      collected().then(
        (metrics) => answer(request, response, { status: 200, type: registry.contentType, body: metrics }),
        () => answer(request, response, { status: 500, type: TEXT, body: 'The metrics could not be collected.\n' }),
      );
    }
    return true;
  };
  return { telemetry: servicePrometheus(registry), handle };
}
