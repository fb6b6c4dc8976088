/** What a tier costs, and what is in it. */
export interface TierPrices {
  readonly name: string;
  /** Of one unit. */
  readonly unitPerDay: number;
  readonly connectionsPerUnit: number;
  /** Messages of a unit and day that cost nothing more. */
  readonly messagesPerUnitAndDay: number;
  /** Of a million messages beyond those; null: there are no more. */
  readonly furtherMillion: number | null;
  /** The numbers of units that can be had, smallest first. */
  readonly unitSizes: readonly number[];
  /** Which of these figures nobody has looked up where they are published. */
  readonly unverified: readonly string[];
}

/** Published prices, as they were at some date. */
export interface PriceTable {
  /** When they were looked up: `2026-11-21`. */
  readonly date: string;
  /** As it is to be shown: `USD`. */
  readonly currency: string;
  /** Where they are published. */
  readonly source: string;
  readonly note: string;
  readonly tiers: readonly TierPrices[];
}

const tens = (from: number, to: number, step: number): readonly number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, at) => from + at * step);

const upToHundred = [...tens(1, 10, 1), ...tens(20, 100, 10)];
const MILLION = 1_000_000;

/**
 * The prices of the Azure SignalR Service. Connections, messages, and sizes are those of its documentation ("Azure SignalR Service limits", "Scale an
 * instance of Azure SignalR Service"). The page with the prices shows them by a script only: these are what others copied from it.
 */
export const priceTable: PriceTable = {
  date: '2026-11-21',
  currency: 'USD',
  source: 'https://azure.microsoft.com/en-us/pricing/details/signalr-service/',
  note: 'List prices without discounts and taxes; they differ by region. Units of Standard_S1 and Premium_P1: 49.10 and 61.00 a month of 30.5 days, as copied at https://plavos.com/blog/azure-signalr-service-pricing-unit-instance-messages/. Premium_P2 is said to have a further charge for large instances, which is not in its price here.',
  tiers: [
    {
      name: 'Free_F1',
      unitPerDay: 0,
      connectionsPerUnit: 20,
      messagesPerUnitAndDay: 20_000,
      furtherMillion: null,
      unitSizes: [1],
      unverified: [],
    },
    {
      name: 'Standard_S1',
      unitPerDay: 1.61,
      connectionsPerUnit: 1_000,
      messagesPerUnitAndDay: MILLION,
      furtherMillion: 1,
      unitSizes: upToHundred,
      unverified: ['unitPerDay', 'furtherMillion'],
    },
    {
      name: 'Premium_P1',
      unitPerDay: 2,
      connectionsPerUnit: 1_000,
      messagesPerUnitAndDay: MILLION,
      furtherMillion: 1,
      unitSizes: upToHundred,
      unverified: ['unitPerDay', 'furtherMillion'],
    },
    {
      name: 'Premium_P2',
      unitPerDay: 2,
      connectionsPerUnit: 1_000,
      messagesPerUnitAndDay: MILLION,
      furtherMillion: 1,
      unitSizes: tens(100, 1_000, 100),
      unverified: ['unitPerDay', 'furtherMillion'],
    },
  ],
};
