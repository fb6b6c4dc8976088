import { describe, expect, test } from 'vitest';
import type { CompletionOutcome } from '../../src/backplane/backplane.ts';
import { LocalBackplane } from '../../src/backplane/local-backplane.ts';
import type { Member } from '../../src/backplane/member.ts';
import { defineHub, method } from '../../src/index.ts';
import type { CompletionMessage } from '../../src/protocol/hub/message.ts';
import { HubUnderTest, settle } from './hub-under-test.ts';

const plain = (connected = (): void => undefined) => defineHub()({ connected, methods: { echo: method((_, value) => value) } });

describe('a backplane', () => {
  test('that does not take a client in costs the client this server, not its way back', async () => {
    let welcomed = 0;
    let detached = 0;
    class Refusing extends LocalBackplane {
      override async attach(): Promise<void> {
        await Promise.resolve();
        throw new Error('out of reach');
      }
      override detach(member: Member): void {
        detached++;
        super.detach(member);
      }
    }
    const hub = new HubUnderTest(
      plain(() => void welcomed++),
      { backplane: new Refusing() },
    );
    const client = hub.connect();
    expect(await client.receive()).toEqual([{ type: 7, error: 'Connection closed with an error.', allowReconnect: true }]);
    await settle();
    expect({ welcomed, detached }).toEqual({ welcomed: 0, detached: 1 });
    expect(hub.logged.map(({ event }) => event.id)).toEqual(['hub.backplane-failed']);
  });

  test('is waited for before the hub hears of a client, whose calls wait too', async () => {
    let take: () => void = () => undefined;
    class Slow extends LocalBackplane {
      override attach(member: Member): Promise<void> {
        super.attach(member);
        return new Promise((resolve) => (take = resolve));
      }
    }
    const order: string[] = [];
    const hub = new HubUnderTest(
      plain(() => void order.push('connected')),
      { backplane: new Slow() },
    );
    const client = hub.connect();
    client.invoke('echo', 1);
    await settle();
    expect(client.take()).toEqual([]);
    take();
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 1 }]);
    expect(order).toEqual(['connected']);
  });

  test('gets an answer with the bytes that the client sent, and the protocol it speaks', () => {
    const answers: { readonly id: string; readonly record: string | undefined; readonly protocol: string }[] = [];
    class Noting extends LocalBackplane {
      override complete({ protocol }: Member, { invocationId: id }: CompletionMessage, record?: Buffer): CompletionOutcome {
        answers.push({ id, record: record?.toString(), protocol: protocol.name });
        return 'settled';
      }
    }
    const client = new HubUnderTest(plain(), { backplane: new Noting() }).connect();
    const records = ['{"type":3,"invocationId":"a","result": 9007199254740993}\u001e', '{"type":3, "invocationId":"b"}\u001e'];
    client.connection.send(`{"type":6}\u001e${records.join('{"type":99}\u001e')}`);
    expect(answers).toEqual([
      { id: 'a', record: records[0], protocol: 'json' },
      { id: 'b', record: records[1], protocol: 'json' },
    ]);
  });
});
