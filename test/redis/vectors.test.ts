import { describe, expect, test } from 'vitest';
import { HubChannels } from '../../src/redis/channels.ts';
import {
  readAck,
  readAnswer,
  readGroupCommand,
  readInvocation,
  writeAck,
  writeAnswer,
  writeForms,
  writeGroupCommand,
  writeInvocation,
} from '../../src/redis/envelope.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { EncodedMessage } from '../../src/protocol/hub/encoded-message.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { prefixOf, redisVectors, type RedisVector } from './vectors.ts';

const vectors = redisVectors();
const named = vectors.map((vector, at) => ({ title: `${at} ${vector.name} (${vector.config})`, vector }));
const ofKind = (kind: RedisVector['kind']): typeof named => named.filter(({ vector }) => vector.kind === kind);

test('every vector is of a kind that is tested here', () => {
  expect(vectors).toHaveLength(142);
  expect(new Set(vectors.map(({ kind }) => kind))).toEqual(new Set(['invocation', 'groupCommand', 'ack', 'completion']));
});

describe('an invocation', () => {
  test.each(ofKind('invocation'))('$title is read, and written byte for byte', ({ vector: { payload, fields } }) => {
    const read = readInvocation(payload);
    const { hubMessagesBase64 = {}, excludedConnectionIds, invocationId, returnChannel } = fields;
    const forms = new Map(Object.entries(hubMessagesBase64).map(([name, bytes]) => [name, Buffer.from(bytes, 'base64')]));
    const returnPath = invocationId && returnChannel ? { invocationId, address: returnChannel } : undefined;
    expect(read).toEqual({ excluded: excludedConnectionIds, forms, returnPath, mark: undefined });
    expect(writeForms(forms, excludedConnectionIds ?? [], returnPath)).toEqual(payload);
    const protocols = [new JsonHubProtocol(), new MessagePackHubProtocol()].filter(({ name }) => forms.has(name));
    expect(writeInvocation(new EncodedMessage(forms, []), protocols, excludedConnectionIds, returnPath)).toEqual(payload);
  });

  test('is read without a copy of the message in it', () => {
    const { payload } = vectors[0] as RedisVector;
    for (const bytes of readInvocation(payload)?.forms.values() ?? []) expect(bytes.buffer).toBe(payload.buffer);
  });
});

describe('a group command', () => {
  test.each(ofKind('groupCommand'))('$title is read, and written byte for byte', ({ vector: { payload, fields } }) => {
    const { serverName: server, groupName: group, ...rest } = fields;
    const command = { ...rest, server, group } as Parameters<typeof writeGroupCommand>[0];
    expect(readGroupCommand(payload)).toEqual(command);
    expect(writeGroupCommand(command)).toEqual(payload);
  });
});

describe('an ack', () => {
  test.each(ofKind('ack'))('$title is read, and written byte for byte', ({ vector: { payload, fields } }) => {
    expect(readAck(payload)).toBe(fields.id);
    expect(writeAck(fields.id ?? 0)).toEqual(payload);
  });

  test.each([
    [128, '91cc80'],
    [-5, '91fb'],
    [2 ** 31 - 1, '91ce7fffffff'],
  ])('with the id %d is %s', (id, hex) => {
    expect(writeAck(id).toString('hex')).toBe(hex);
    expect(readAck(Buffer.from(hex, 'hex'))).toBe(id);
  });
});

describe('an answer', () => {
  test.each(ofKind('completion'))('$title is read, and written byte for byte', ({ vector: { payload, fields } }) => {
    const answer = { protocol: fields.protocolName ?? '', record: Buffer.from(fields.completionBase64 ?? '', 'base64') };
    expect(readAnswer(payload)).toEqual(answer);
    expect(writeAnswer(answer)).toEqual(payload);
  });
});

describe('a channel', () => {
  test.each(named)('of $title is named as it was', ({ vector }) => {
    const { channel, fields, kind } = vector;
    const prefix = prefixOf(vector);
    const [, hub = ''] = /^(.*?):(?:all|connection:|user:|group:|internal:)/.exec(channel.slice(prefix.length)) ?? [];
    const server = /internal:(?:ack|return):(.*)$/.exec(channel)?.[1] ?? 'vm_0';
    const channels = new HubChannels(hub, server, prefix);
    const meaning = channels.meaning(channel);
    expect(meaning).toBeDefined();
    expect(remade(channels, meaning?.kind ?? '', meaning?.name ?? '')).toBe(channel);
    if (fields.returnChannel !== undefined) expect(fields.returnChannel.startsWith(`${hub}:internal:return:`)).toBe(true);
    if (kind === 'completion') expect(channels.answersTo(channels.returnAddress)).toBe(channel);
    if (kind === 'groupCommand') expect(channels.groupCommands).toBe(channel);
  });

  test.each(['*', 'a:b', '{x}', ' ', 'internal:groups', 'x'.repeat(10_000), '🚂', ''])('of a group named %j is only a name', (name) => {
    const channels = new HubChannels('Hub', 'server', 'p:');
    expect(channels.meaning(channels.group(name))).toEqual({ kind: 'group', name });
    expect(channels.meaning(channels.user(name))).toEqual({ kind: 'user', name });
  });

  test.each(['Hub:all', 'p:Hub', 'p:Hub2:all', 'p:Hub:everyone', 'q:Hub:all'])('%s of somebody else means nothing', (channel) => {
    expect(new HubChannels('Hub', 'server', 'p:').meaning(channel)).toBeUndefined();
  });
});

function remade(channels: HubChannels, kind: string, name: string): string {
  const makers: Readonly<Record<string, () => string>> = {
    all: () => channels.all,
    groups: () => channels.groupCommands,
    connection: () => channels.connection(name),
    user: () => channels.user(name),
    group: () => channels.group(name),
    ack: () => channels.ackOf(name),
    return: () => channels.return,
  };
  return makers[kind]?.() ?? '';
}
