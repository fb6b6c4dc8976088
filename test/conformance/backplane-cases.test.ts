import { describe, expect, test } from 'vitest';
import type { Audience } from '../../src/backplane/audience.ts';
import { LocalBackplane } from '../../src/backplane/local-backplane.ts';
import type { Member } from '../../src/backplane/member.ts';
import { backplaneCases } from '../../src/conformance/backplane-cases.ts';
import type { CompletionMessage } from '../../src/protocol/hub/message.ts';
import type { SharedMessage } from '../../src/protocol/hub/shared-message.ts';

/** Backplanes that break one promise each, and the case that must notice. */
const broken: Readonly<Record<string, new () => LocalBackplane>> = {
  'all but some': class extends LocalBackplane {
    override send(audience: Audience, message: SharedMessage): void {
      super.send(audience.to === 'all' ? { to: 'all' } : audience, message);
    }
  },
  'groups that overlap are heard once': class extends LocalBackplane {
    override send(audience: Audience, message: SharedMessage): void {
      if (audience.to !== 'groups') return super.send(audience, message);
      for (const name of audience.names) super.send({ ...audience, names: [name] }, message);
    }
  },
  'a group that was left': class extends LocalBackplane {
    override leave(): void {}
  },
  'group names keep their case': class extends LocalBackplane {
    override join(connectionId: string, group: string): void {
      super.join(connectionId, group.toUpperCase());
    }
  },
  'messages of one sender keep their order': class extends LocalBackplane {
    readonly #waiting: (() => void)[] = [];
    override send(audience: Audience, message: SharedMessage): void {
      this.#waiting.unshift(() => super.send(audience, message));
      queueMicrotask(() => this.#waiting.shift()?.());
    }
  },
  'who has left hears nothing more and is in no group': class extends LocalBackplane {
    override detach(): void {}
  },
  'only who was asked can answer': class extends LocalBackplane {
    #asked: Member | undefined;
    override attach(member: Member): void {
      if (member.connectionId === 'b') this.#asked = member;
      super.attach(member);
    }
    override complete(member: Member, completion: CompletionMessage): 'settled' | 'unknown' | 'foreign' {
      return super.complete(this.#asked ?? member, completion);
    }
  },
  'closing fails what is owed': class extends LocalBackplane {
    override close(): void {}
  },
};

describe('the backplane suite notices', () => {
  test.each(Object.entries(broken))('a backplane that breaks "%s"', async (name, Broken) => {
    const found = backplaneCases.find((one) => one.name === name);
    const kept = Promise.race([
      found?.run({ servers: [new Broken()] }).then(() => 'kept'),
      new Promise((resolve) => setTimeout(resolve, 500, 'never ended')),
    ]).catch(() => 'broken');
    expect(await kept).not.toBe('kept');
  });

  test('nothing on one that keeps them', async () => {
    for (const name of Object.keys(broken)) {
      await backplaneCases.find((one) => one.name === name)?.run({ servers: [new LocalBackplane()] });
    }
    expect(Object.keys(broken).every((name) => backplaneCases.some((one) => one.name === name))).toBe(true);
  });

  test('has names of its own for its cases', () => {
    expect(new Set(backplaneCases.map(({ name }) => name)).size).toBe(backplaneCases.length);
  });
});
