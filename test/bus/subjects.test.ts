import { describe, expect, test } from 'vitest';
import { Subjects } from '../../src/bus/subjects.ts';

const subjects = new Subjects('shop', 'Shop.Hubs.ChatHub');

describe('the subjects of a hub', () => {
  test('can be read where names are plain', () => {
    expect(subjects.all).toBe('shop.all.Shop.Hubs.ChatHub');
    expect(subjects.group('lobby')).toBe('shop.group.lobby.Shop.Hubs.ChatHub');
    expect(subjects.user('ann-1')).toBe('shop.user.ann-1.Shop.Hubs.ChatHub');
    expect(subjects.connection('x_Y')).toBe('shop.connection.x_Y.Shop.Hubs.ChatHub');
    expect(subjects.server('x_Y')).toBe('shop.server.x_Y.Shop.Hubs.ChatHub');
  });

  test.each(['', '*', '>', 'a.b', 'a b', 'a\r\nPUB x', '🚂', '{}:*', 'x'.repeat(10_000), '_begins', '$SYS', `_${'x'.repeat(43)}`])(
    'carry any name: %j',
    (name) => {
      for (const subject of [subjects.group(name), new Subjects('x'.repeat(32), name).connection(name)]) {
        expect(subject).toMatch(/^[\w-]+(\.[\w-]+)+$/);
        expect(subject.length).toBeLessThanOrEqual(160);
      }
      expect(new Set([subjects.group(name), subjects.user(name), subjects.group(`${name} `), subjects.group(name.slice(1))]).size).toBe(
        name === '' ? 3 : 4,
      );
    },
  );

  test('are the same on every server', () => {
    expect(subjects.group('Grüße')).toBe('shop.group._-D4Dl5bGRToQ9VGeOf0ROQFXIxahqOoHy1JdKAHf0HQ.Shop.Hubs.ChatHub');
  });
});
