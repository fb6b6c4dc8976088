import { readFileSync } from 'node:fs';

/** What is looked at of a board of Grafana. */
export interface Board {
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly datasource?: DataSource;
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: DataSource;
  }[];
}

export interface DataSource {
  readonly type: string;
  readonly uid: string;
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}

export const board = JSON.parse(readFileSync(new URL('../../deploy/grafana/signalbox-service.json', import.meta.url), 'utf8')) as Board;

/** `ConnectionCount{Endpoint="Client"}` of a query. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

/** A query of Prometheus, as far as names stand in it. */
export interface Query {
  readonly selectors: readonly Selector[];
  /** The labels that are kept: `sum by (le)`. Undefined where all are. */
  readonly groups: readonly string[] | undefined;
  /** Every other word in it. */
  readonly words: readonly string[];
}

export function parseQuery(query: string): Query {
  const selectors: Selector[] = [];
  const groups: string[] = [];
  let isGrouped = false;
  const rest = query
    .replace(/([A-Za-z_:][\w:]*)\{([^}]*)\}/g, (_, metric: string, inside: string) => {
      const matchers = [...inside.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)];
      selectors.push({ metric, matchers: matchers.map(([, label = '', operator = '', value = '']) => ({ label, operator, value })) });
      return '';
    })
    .replace(/\bby\s*\(([^)]*)\)/g, (_, labels: string) => {
      isGrouped = true;
      groups.push(...labels.split(',').map((label) => label.trim()));
      return '';
    })
    .replace(/\[[^\]]*\]/g, '');
  return { selectors, groups: isGrouped ? groups : undefined, words: rest.match(/[A-Za-z_]\w*/g) ?? [] };
}
