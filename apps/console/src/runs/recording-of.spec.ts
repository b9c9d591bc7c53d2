import type { Side } from '../wire/entry.js';
import { FrameLog } from '../wire/frame-log.js';
import { parseRecording, type Recording } from './recording.js';
import { recordingOf } from './recording-of.js';

const TALK = { id: 'f1b6', kind: 'direct' as const, members: [{ id: 'ann' }, { id: 'ben' }] };
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl';

/** A made-up wire: what is said on it is recorded. */
class Wire {
  readonly log = new FrameLog();
  readonly #connections = { left: 1, right: 1 };

  sent(side: Side, id: string, event: string, data: object): void {
    this.log.sent(this.#part(side), JSON.stringify({ event, id, data }));
  }
  text(side: Side, text: string): void {
    this.log.sent(this.#part(side), text);
  }
  ok(side: Side, id: string, data: object): void {
    this.log.received(this.#part(side), JSON.stringify({ event: 'ok', id, data }));
  }
  event(side: Side, event: string, data: object, seq?: number): void {
    const numbers = seq === undefined ? {} : { seq, prev: seq - 1 };
    this.log.received(this.#part(side), JSON.stringify({ event, ...numbers, data }));
  }
  note(side: Side, event: string, text: string): void {
    this.log.told(this.#part(side), 'note', event, text);
  }
  closed(side: Side, code: number, reason = ''): void {
    this.log.closed(this.#part(side), { code, reason, clean: code !== 1006 });
  }
  error(side: Side, id: string, code: string): void {
    this.log.received(this.#part(side), JSON.stringify({ event: 'error', id, data: { code, retryable: false } }));
  }
  connected(side: Side): void {
    this.#connections[side]++;
    this.log.opened(this.#part(side), 'ws://127.0.0.1/bridge drawbridge.v1');
  }
  opened(side: Side): void {
    this.connected(side);
    const data = { token: TOKEN, proof: TOKEN, client: { name: 'x', version: '1' }, resume: { epoch: 'e', after: 4 } };
    this.sent(side, 'c-1', 'session.open', data);
  }

  recording(): Recording {
    const people = { left: { id: 'ann', name: 'Ann' }, right: { id: 'ben', name: 'Ben' } };
    const connected = { left: true, right: true };
    return recordingOf({ name: 'A run', people, connected, talks: [TALK], entries: this.log.entries });
  }

  #part(side: Side) {
    return { side, connection: this.#connections[side] };
  }
}

const message = (id: string, position: number, text: string) => ({
  id,
  conversation: TALK.id,
  position,
  from: { id: 'ann', name: 'Ann' },
  kind: 'text',
  text,
  reactions: [],
  via: { app: 'Drawbridge console' },
  sentAt: '2026-11-23T15:04:05.123Z',
});
const kinds = ({ steps }: Recording) => steps.map(({ side, kind }) => `${side} ${kind}`);

describe('A recording', () => {
  test('has names for ids, which are the same wherever the id was, and neither times nor tokens', () => {
    const wire = new Wire();
    wire.sent('left', 'c-2', 'message.send', { conversation: TALK.id, text: 'ann', clientId: 'k-1' });
    wire.ok('left', 'c-2', { message: message('m-1', 7, 'ann'), seq: 5, duplicate: false });
    wire.event('right', 'message.created', { message: message('m-1', 7, 'ann') }, 9);
    wire.sent('right', 'r-1', 'conversation.read', { conversation: TALK.id, upTo: 7 });
    wire.ok('right', 'r-1', {});
    wire.event('left', 'receipt.updated', { conversation: TALK.id, person: 'ben', readUpTo: 7 }, 6);
    const { steps, conversations } = wire.recording();
    expect(conversations).toEqual([
      { symbol: 'conversation1', kind: 'direct', members: [{ $: 'left' }, { $: 'right' }] },
    ]);
    const shown = {
      id: { $: 'message1' },
      conversation: { $: 'conversation1' },
      position: { $: 'position1' },
      from: { id: { $: 'left' } },
      kind: 'text',
      // What a person wrote is no id, whatever it says.
      text: 'ann',
    };
    const read = { conversation: { $: 'conversation1' }, person: { $: 'right' }, readUpTo: { $: 'position1' } };
    expect(steps.slice(2).map((step) => ('data' in step ? step.data : step))).toEqual([
      { conversation: { $: 'conversation1' }, text: 'ann', clientId: { $: 'clientId1' } },
      { message: shown, duplicate: false },
      { message: shown },
      { conversation: { $: 'conversation1' }, upTo: { $: 'position1' } },
      {},
      read,
    ]);
  });

  test('leaves out what the SDK does by itself, and what only comes of that', () => {
    const wire = new Wire();
    for (const command of ['ping', 'mailbox.ack', 'conversation.list', 'conversation.read', 'typing.start'])
      wire.sent('left', `c-${command.length}`, command, {});
    wire.ok('left', 'c-4', { at: 'now' });
    wire.event('right', 'typing', { conversation: TALK.id, person: 'ann', active: true });
    wire.event('right', 'receipt.updated', { conversation: TALK.id, person: 'ann', readUpTo: 3 }, 8);
    wire.event('left', 'presence', { person: 'ben', online: true });
    expect(kinds(wire.recording())).toEqual(['left open', 'right open']);
    // By hand it is meant.
    wire.sent('left', 'r-9', 'typing.start', { conversation: TALK.id });
    wire.event('right', 'typing', { conversation: TALK.id, person: 'ann', active: true });
    expect(kinds(wire.recording()).slice(2)).toEqual(['left send', 'right event']);
  });

  test('says who went, how, and that they came back where they were', () => {
    const wire = new Wire();
    wire.note('right', 'network', 'taken away by the tester');
    wire.closed('right', 1006);
    wire.note('right', 'network', 'given back by the tester');
    wire.opened('right');
    wire.note('left', 'close', 'closed by the tester with 4500');
    wire.closed('left', 4500, 'mine');
    wire.opened('left');
    wire.closed('left', 4403, 'revoked_by_operator');
    const { steps } = wire.recording();
    expect(steps.slice(2)).toEqual([
      { kind: 'drop', side: 'right', why: 'offline' },
      { kind: 'open', side: 'right', resume: true },
      { kind: 'close', side: 'left', code: 4500, reason: 'mine' },
      { kind: 'open', side: 'left', resume: true },
      // No client can bring this about.
      { kind: 'closed', side: 'left', code: 4403, reason: 'revoked_by_operator', isOff: true },
    ]);
    expect(JSON.stringify(steps)).not.toContain('eyJ');
  });

  test('waits for what comes of a send that was lost with its connection behind the retry, which may be a duplicate or not (I5)', () => {
    const wire = new Wire();
    wire.sent('left', 'c-2', 'message.send', { conversation: TALK.id, text: 'Hi', clientId: 'k-1' });
    wire.note('left', 'drop', 'dropped by the tester');
    wire.closed('left', 1006);
    wire.event('right', 'message.created', { message: message('m-1', 7, 'Hi') }, 9);
    wire.event('right', 'message.edited', { message: message('m-0', 6, 'Ho') }, 10);
    wire.opened('left');
    wire.sent('left', 'c-2', 'message.send', { conversation: TALK.id, text: 'Hi', clientId: 'k-1' });
    wire.ok('left', 'c-2', { message: message('m-1', 7, 'Hi'), duplicate: true });
    const recording = wire.recording();
    expect(kinds(recording).slice(2)).toEqual([
      'left send',
      'left drop',
      'left open',
      'left send',
      'left reply',
      'right event',
      'right event',
    ]);
    const [first, , , second, reply] = recording.steps.slice(2);
    expect(second).toMatchObject({ data: (first as { data: unknown }).data });
    expect(reply).not.toHaveProperty('data.duplicate');
  });

  test('has no id of its server: what was there before has a name, and what was not found one that is nothing’s', () => {
    const wire = new Wire();
    const [old, nobodys] = ['0191d3a0-5a1c-7d31-9c0e-0f5a36e2b001', '0191d3a0-5a1c-7d31-9c0e-0f5a36e2b002'];
    wire.sent('left', 't-1', 'message.edit', { message: old, text: old });
    wire.ok('left', 't-1', { message: message(old, 3, old) });
    wire.sent('left', 't-2', 'message.delete', { message: nobodys });
    wire.error('left', 't-2', 'not_found');
    const sends = wire.recording().steps.filter(({ kind }) => kind === 'send');
    expect(sends.map((step) => 'data' in step && step.data)).toEqual([
      // But in what somebody wrote.
      { message: { $: 'message1' }, text: old },
      { message: { $: 'nothing1' } },
    ]);
  });

  test('has a connection that no session was opened on, and a token that was refused, by whoever showed it', () => {
    const wire = new Wire();
    wire.closed('left', 1000);
    wire.connected('left');
    wire.closed('left', 4408, 'open_timeout');
    wire.connected('left');
    wire.sent('left', 't-1', 'ping', {});
    wire.error('left', 't-1', 'not_open');
    wire.opened('left');
    wire.error('left', 'c-1', 'unauthenticated');
    wire.closed('left', 4401, 'unauthenticated');
    expect(wire.recording().steps.slice(2)).toMatchObject([
      { kind: 'close', code: 1000 },
      { kind: 'open', isUnopened: true },
      { kind: 'closed', code: 4408, reason: 'open_timeout' },
      { kind: 'open', isUnopened: true },
      { kind: 'send', command: 'ping' },
      { kind: 'reply', event: 'error', data: { code: 'not_open' } },
      { kind: 'open', isTokenBroken: true },
      { kind: 'closed', code: 4401 },
    ]);
    expect(wire.recording().steps.some(({ isOff }) => isOff)).toBe(false);
  });

  test('has what was no frame as it was, but for a token in it', () => {
    const wire = new Wire();
    wire.text('left', `{"event": ${TOKEN}`);
    expect(wire.recording().steps[2]).toEqual({ kind: 'raw', side: 'left', text: '{"event": {{token}}' });
  });

  test('is the same after it was written to a file, and another file is refused with what is wrong with it', () => {
    const recording = new Wire().recording();
    expect(parseRecording(JSON.stringify(recording))).toEqual(recording);
    expect(() => parseRecording('{')).toThrow('It is not JSON.');
    expect(() => parseRecording('{}')).toThrow('It is not a recording of this console.');
    expect(() => parseRecording(JSON.stringify({ ...recording, version: 2 }))).toThrow('version 2');
    const steps = [{ kind: 'close', side: 'left', code: '0;process.exit()', reason: '' }];
    expect(() => parseRecording(JSON.stringify({ ...recording, steps }))).toThrow('Parts of it are missing');
  });
});
