import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { prometheusLabel, prometheusName, type Instrument } from '../../src/telemetry/instrument.ts';
import { servicePrometheus } from '../../src/telemetry/prometheus.ts';
import { serviceInstruments } from '../../src/telemetry/service-instruments.ts';
import { board, parseQuery, type Panel, type Selector } from './grafana-board.ts';
import { busyService } from './service-under-test.ts';

const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' };
const functions = new Set(['sum', 'max', 'topk', 'rate', 'increase', 'histogram_quantile']);

const shown = board.panels.filter(({ type }) => type !== 'row');
const targets = shown.flatMap(({ title, targets: queries = [] }) =>
  queries.map(({ expr, legendFormat }) => [`${title}: ${expr}`, parseQuery(expr), legendFormat] as const),
);

/** The labels of a metric, by the names that Prometheus has for its series. */
const labels = new Map<string, readonly string[]>();
for (const instrument of Object.values<Instrument>(serviceInstruments)) {
  const name = prometheusName(instrument);
  const own = ['instance', ...instrument.attributes.map(prometheusLabel)];
  if (instrument.kind !== 'histogram') labels.set(name, own);
  else for (const ending of ['bucket', 'sum', 'count']) labels.set(`${name}_${ending}`, ending === 'bucket' ? [...own, 'le'] : own);
}

/** The series that a service shows. */
async function series(): Promise<readonly string[]> {
  const registry = new Registry();
  const service = busyService();
  service.quota = 10;
  servicePrometheus(registry).service?.(service);
  service.time('chat', 'to_client', 0.01);
  service.time('chat', 'to_server', 0.01);
  return (await registry.metrics()).split('\n');
}

const matches = ({ metric, matchers }: Selector, line: string): boolean =>
  /^\w+/.exec(line)?.[0] === metric &&
  matchers.every(({ label, operator, value }) => label === 'instance' || (operator === '=' && line.includes(`${label}="${value}"`)));

describe('the Grafana board', () => {
  test.each(targets)('asks for what there is: %s', async (_, { selectors, groups, words }, legend) => {
    expect(selectors.length).toBeGreaterThan(0);
    expect(words.filter((word) => !functions.has(word))).toEqual([]);
    const lines = await series();
    for (const selector of selectors) {
      const known = labels.get(selector.metric);
      expect([selector.metric, known !== undefined]).toEqual([selector.metric, true]);
      for (const { label } of selector.matchers) expect(known).toContain(label);
      for (const label of groups ?? []) expect(known).toContain(label);
      expect(selector.matchers[0]).toEqual({ label: 'instance', operator: '=~', value: '$instance' });
      // By the values of its labels as well: a category or an endpoint that there is not would show nothing, for ever.
      expect([selector, lines.some((line) => matches(selector, line))]).toEqual([selector, true]);
    }
    const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    expect(groups?.filter((label) => label !== 'le') ?? []).toEqual(named);
  });

  test('has a title, a description, a unit and queries in each panel', () => {
    expect(shown.length).toBeGreaterThan(15);
    for (const { title, description, fieldConfig, targets: queries = [], datasource } of shown) {
      expect(title.length).toBeGreaterThan(3);
      expect([title, (description ?? '').length > 3]).toEqual([title, true]);
      expect([title, fieldConfig?.defaults.unit]).toEqual([title, expect.stringMatching(/^(?:short|percent|s|bytes|Bps|cps|mps|ops)$/)]);
      expect([title, queries.length > 0]).toEqual([title, true]);
      expect(new Set(queries.map(({ refId }) => refId)).size).toBe(queries.length);
      for (const source of [datasource, ...queries.map((query) => query.datasource)]) expect(source).toEqual(DATA_SOURCE);
    }
  });

  test('has panels of their own ids and places', () => {
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    const places = new Map<string, string>();
    for (const { title, gridPos } of board.panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          expect([title, places.get(`${x},${y}`)]).toEqual([title, undefined]);
          places.set(`${x},${y}`, title);
        }
      }
    }
  });

  test('lets one choose the data source and the nodes', () => {
    const queries = board.templating.list.map(({ name, type, query }) => [name, type, typeof query === 'string' ? query : query.query]);
    expect(queries).toEqual([
      ['datasource', 'datasource', 'prometheus'],
      ['instance', 'query', `label_values(${prometheusName(serviceInstruments.connectionCount)}, instance)`],
    ]);
  });

  test('shows every published metric', () => {
    const asked = new Set(targets.flatMap(([, { selectors }]) => selectors.map(({ metric }) => metric)));
    const published = Object.values<Instrument>(serviceInstruments).filter((instrument) => instrument.published === true);
    expect(published.map(prometheusName).filter((name) => !asked.has(name))).toEqual([]);
  });

  test('has no panel that is not looked at here', () => {
    expect(new Set(board.panels.map(({ type }: Panel) => type))).toEqual(new Set(['row', 'stat', 'timeseries']));
  });
});
