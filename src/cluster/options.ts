import { bytes, milliseconds, type Option, type Settings } from '../base/option-table.ts';

const subjectPrefix: Option<string> = {
  byDefault: 'signalbox-service',
  expected: 'at most 32 letters, digits, - and _',
  accepts: (value) => typeof value === 'string' && /^[\w-]{1,32}$/.test(value),
};

/** How nodes of one service meet over a bus. */
export const clusterOptions = {
  /** The first part of every subject. Services that share a bus are told apart by it. Default signalbox-service. */
  subjectPrefix,
  /** Milliseconds between two messages by which a node says that it is there. Default 3,000. */
  heartbeatInterval: milliseconds(3_000),
  /** Milliseconds of silence after which a node counts as gone, and its clients and app servers with it. Default 10,000. */
  nodeTimeout: milliseconds(10_000),
  /** Milliseconds in which other nodes have to do what an app server asked; past that it gets the ack 3, timeout. Default 5,000. */
  answerTimeout: milliseconds(5_000),
  /** Milliseconds that a node which starts waits for the others to introduce themselves, before it lets anybody in. Default 250. */
  joinTime: milliseconds(250),
  /** Bytes of the largest message that the bus takes; larger ones go in pieces. Default 524,288. */
  maximumMessageSize: bytes(524_288),
};

/** Every option with its value. */
export type ClusterSettings = Settings<typeof clusterOptions>;
