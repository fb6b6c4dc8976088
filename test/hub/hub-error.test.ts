import { describe, expect, it } from 'vitest';
import { HubError } from 'signalbox';

class RoomFull extends HubError {}

describe('the name of a HubError on the wire', () => {
  it('is what clients of the reference server see', () => {
    expect(new HubError('no').name).toBe('HubException');
  });

  it("is the class's for a subclass", () => {
    expect(new RoomFull('no').name).toBe('RoomFull');
  });

  it('can be set by a subclass', () => {
    class Renamed extends HubError {
      override name = 'RoomFullException';
    }
    expect(new Renamed('no').name).toBe('RoomFullException');
  });

  it('is never empty', () => {
    const anonymous = (() => class extends HubError {})();
    expect(new anonymous('no').name).toBe('HubException');
  });
});

describe('HubError', () => {
  it('is an error with its text and its cause', () => {
    const cause = new Error('database');
    const error = new RoomFull('The room is full.', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe('The room is full.');
    expect(error.cause).toBe(cause);
    expect(String(error)).toBe('RoomFull: The room is full.');
  });
});
