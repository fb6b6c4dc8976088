/** What became of one message: the row, its number, when its promise settled, and the code it was rejected with. */
export type Outcome = readonly [audience: number, number: number, until: number, code?: string];

/** What the backplane of a server told. */
export interface Told {
  readonly event: string;
  readonly at: number;
  /** `recovered` as it was told, where it was. */
  readonly recovered?: boolean | string | undefined;
  /** How many messages were given up, where some were. */
  readonly messages?: number | undefined;
  /** The name of the server that it was about, where it was about one. */
  readonly server?: string | undefined;
}

/** From a server to the program. */
export type FromServer =
  | { readonly kind: 'ready'; readonly url: string }
  /** The message of this number goes out now, in all rows but these. */
  | { readonly kind: 'sending'; readonly number: number; readonly from: number; readonly without: readonly number[] }
  | { readonly kind: 'outcomes'; readonly outcomes: readonly Outcome[] }
  | ({ readonly kind: 'told' } & Told)
  /** What others call this server. */
  | { readonly kind: 'named'; readonly server: string }
  | { readonly kind: 'state'; readonly state: string }
  | { readonly kind: 'introduced'; readonly round: number };

/** From the program to a server. */
export type ToServer =
  /** Messages go out so many times a second, with so many characters beside their number; 0 times is an end. */
  | { readonly kind: 'load'; readonly rate: number; readonly weight: number }
  /** The connection ids of the guests. */
  | { readonly kind: 'introduce'; readonly round: number; readonly ids: Readonly<Record<string, string>> };

/** What a server is started with, as JSON. */
export interface Setup {
  readonly server: number;
  /** Which process of that server this is. */
  readonly life: number;
  readonly redisUrl: string;
  /** Options of the backplane. */
  readonly options: Readonly<Record<string, unknown>>;
}
