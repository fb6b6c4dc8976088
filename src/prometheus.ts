/**
 * `signalbox/prometheus`: metrics for Prometheus.
 *
 * @module
 */
export { prometheus, type MetricRegistry, type PrometheusOptions } from './telemetry/prometheus.ts';
