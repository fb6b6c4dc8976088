import { MessagePackBuffer } from '../base/messagepack/buffer.ts';
import { MessagePackCursor } from '../base/messagepack/cursor.ts';

/** Connections that one answer names. */
const MOST_MEMBERS = 200;
const buffer = new MessagePackBuffer();
const cursor = new MessagePackCursor();

/** A connection of a group. */
export interface GroupMember {
  readonly connectionId: string;
  readonly userId: string | undefined;
}

/** A part of a group's connections, in the order of their ids. */
export interface GroupPage {
  readonly members: readonly GroupMember[];
  /** Whether there are further ones. */
  readonly more: boolean;
}

/** What is asked for: the largest number of connections, and the id after which they begin. */
type Query = readonly (number | string | null)[];

export function pageOf(all: Iterable<GroupMember>, query: Query): GroupPage {
  const after = query.findLast((value) => typeof value === 'string') ?? '';
  return cut(
    [...all].filter(({ connectionId }) => connectionId > after),
    query,
    false,
  );
}

/** Pages of several nodes as one. */
export function mergePages(pages: readonly GroupPage[], query: Query): GroupPage {
  return cut(
    pages.flatMap(({ members }) => members),
    query,
    pages.some(({ more }) => more),
  );
}

function cut(members: readonly GroupMember[], query: Query, more: boolean): GroupPage {
  const most = Math.min(MOST_MEMBERS, ...query.filter((value) => typeof value === 'number' && value > 0).map(Number));
  const sorted = members.toSorted((a, b) => (a.connectionId < b.connectionId ? -1 : 1));
  return { members: sorted.slice(0, most), more: more || sorted.length > most };
}

/** As app servers read it: connections with their users, and where the next page begins. */
export function writePage({ members, more }: GroupPage): Buffer {
  buffer.begin();
  buffer.writeArrayLength(2);
  buffer.writeArrayLength(members.length);
  for (const { connectionId, userId } of members) {
    buffer.writeArrayLength(2);
    buffer.writeString(connectionId);
    writeText(userId);
  }
  writeText(more ? members.at(-1)?.connectionId : undefined);
  return buffer.endWithoutLength();
}

/** What `writePage` wrote; an empty page for anything else. */
export function readPage(bytes: Buffer): GroupPage {
  const members: GroupMember[] = [];
  cursor.open(bytes, 0, bytes.length);
  try {
    cursor.readArrayLength();
    const length = cursor.readArrayLength();
    while (members.length < length) {
      cursor.readArrayLength();
      const connectionId = cursor.readString();
      const userId = cursor.readString();
      if (typeof connectionId !== 'string') return { members: [], more: false };
      members.push({ connectionId, userId: userId ?? undefined });
    }
    return { members, more: typeof cursor.readString() === 'string' };
  } finally {
    cursor.close();
  }
}

function writeText(text: string | undefined): void {
  if (text === undefined) buffer.writeNil();
  else buffer.writeString(text);
}
