import type { Answer } from '../cluster/inquiries.ts';
import { AckStatus } from '../protocol/service/codes.ts';
import type { ServiceMessage, ServiceMessageOf } from '../protocol/service/messages.ts';
import { mergePages, readPage, writePage } from './group-page.ts';
import { NOT_FOUND, OK, type Outcome } from './outcome.ts';

const TIMEOUT: Outcome = { status: AckStatus.timeout, message: 'A node of the service did not answer in time.' };
const NOTHING = Buffer.alloc(0);

/** How the outcomes of several nodes become one. */
type Gathering =
  /** The thing is at one node, or at none; or it is enough that it is so at one. */
  | 'one'
  /** It is to be done at every node. */
  | 'each';

type Acked = Extract<ServiceMessage, { readonly ackId: number }>['type'];

const gatherings: { readonly [Type in Exclude<Acked, 'ack' | 'groupMemberQuery'>]: Gathering } = {
  joinGroupWithAck: 'one',
  leaveGroupWithAck: 'one',
  checkUserInGroupWithAck: 'one',
  checkGroupExistenceWithAck: 'one',
  checkConnectionExistenceWithAck: 'one',
  checkUserExistenceWithAck: 'one',
  closeConnectionWithAck: 'one',
  userJoinGroupWithAck: 'each',
  userLeaveGroupWithAck: 'each',
  closeConnectionsWithAck: 'each',
  closeUserConnectionsWithAck: 'each',
  closeGroupConnectionsWithAck: 'each',
};

/** A request that is acknowledged. */
export type AckedMessage = Extract<ServiceMessage, { readonly type: keyof typeof gatherings | 'groupMemberQuery' }>;

export const isAcked = (message: ServiceMessage): message is AckedMessage =>
  Object.hasOwn(gatherings, message.type) || message.type === 'groupMemberQuery';

/** Whether the outcome at one node settles a request. */
export function settles(message: AckedMessage, { status }: Outcome): boolean {
  return message.type !== 'groupMemberQuery' && gatherings[message.type] === 'one' && status !== AckStatus.notFound;
}

/**
 * What became of a request at several nodes.
 *
 * @param complete - none of them is missing
 */
export function gathered(message: AckedMessage, outcomes: readonly Outcome[], complete: boolean): Outcome {
  const settled = outcomes.find((outcome) => settles(message, outcome));
  if (settled !== undefined) return settled;
  const refused = outcomes.find(({ status }) => status !== AckStatus.ok && status !== AckStatus.notFound);
  if (refused !== undefined) return refused;
  if (!complete) return TIMEOUT;
  if (message.type === 'groupMemberQuery') return merged(message, outcomes);
  return gatherings[message.type] === 'one' ? NOT_FOUND : OK;
}

function merged({ query }: ServiceMessageOf<'groupMemberQuery'>, outcomes: readonly Outcome[]): Outcome {
  const pages = outcomes.map(({ payload }) => readPage(payload ?? NOTHING));
  return { ...OK, payload: writePage(mergePages(pages, query)) };
}

/** An outcome as it goes from node to node. */
export function answerOf({ status, message = '', payload = NOTHING }: Outcome): Answer {
  return { status, message, payload };
}

export function outcomeOf({ status, message, payload }: Answer): Outcome {
  return { status, ...(message === '' ? {} : { message }), ...(payload.length === 0 ? {} : { payload }) };
}
