import type { AttributeName } from './attributes.ts';

/** What kinds of figures there are. A `gauge` is looked at when it is asked for; the others are added to. */
export type InstrumentKind = 'counter' | 'upDownCounter' | 'gauge' | 'histogram';

/** Something that is counted or measured. */
export interface Instrument {
  /** In OpenTelemetry's style. `prometheusName` makes the other one of it. */
  readonly name: string;
  readonly kind: InstrumentKind;
  /** As UCUM writes it: `s`, `By`, or what is counted in braces. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly AttributeName[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
  /** Whether the reference server has it too, under this name and with these attributes. */
  readonly reference?: true;
  /** Whether its name and its attributes are those that the Azure SignalR Service publishes: they stay as they are. */
  readonly published?: true;
}

/** The meter that an instrument belongs to: those of the reference server to its own. */
export function meterOf({ reference }: Instrument): string {
  return reference === true ? 'Microsoft.AspNetCore.Http.Connections' : 'signalbox';
}

const prometheusUnits: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

/** The name that OpenTelemetry's rules make of it for Prometheus: the unit behind it, and `_total` behind a counter. A published one stays as it is. */
export function prometheusName({ name, unit, kind, published }: Instrument): string {
  if (published === true) return name;
  return `${prometheusLabel(name)}${prometheusUnits[unit] ?? ''}${kind === 'counter' ? '_total' : ''}`;
}

export function prometheusLabel(name: string): string {
  return name.replaceAll('.', '_');
}
