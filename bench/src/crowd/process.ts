// The people of the busy group, in a process of their own: what they have to read must not delay the measuring client.
// It is told where they are, and then `busy` and `quiet`; see crowd.ts.
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { CrowdCounts, CrowdSettings, FromCrowd, ToCrowd } from './crowd.js';

const CONNECT_AT_ONCE = 16;
const TICK_MS = 5;
const NAME_AT = '{"event":"'.length;

/** One of them. Frames are looked at as bytes: parsing a hundred thousand of them is not what this is about. */
class Member {
  private frames = 0;
  private readonly waiting = new Map<string, (frame: { event: string; data: Record<string, never> }) => void>();

  private constructor(
    private readonly socket: WebSocket,
    counts: CrowdCounts,
  ) {
    socket.on('message', (bytes: Buffer) => {
      const name = bytes.toString('latin1', NAME_AT, bytes.indexOf('"', NAME_AT));
      if (name === 'typing' || name === 'receipt.updated' || name === 'message.created') counts.heard[name]++;
      if (name !== 'ok' && name !== 'error' && name !== 'hello') return;
      const frame = JSON.parse(String(bytes));
      if (name === 'error') counts.errors++;
      this.waiting.get(frame.id ?? name)?.(frame);
      this.waiting.delete(frame.id ?? name);
    });
    socket.on('close', () => counts.errors++);
    socket.on('error', () => {});
  }

  static async connect(url: string, token: string, counts: CrowdCounts): Promise<Member> {
    const member = new Member(new WebSocket(`${url}/bridge`, ['drawbridge.v1'], { perMessageDeflate: false }), counts);
    await new Promise((resolve) => member.waiting.set('hello', resolve));
    await member.request('session.open', { token, client: { name: 'crowd', version: '1' } });
    return member;
  }

  async request<T>(event: string, data: object): Promise<T> {
    const id = String(++this.frames);
    const reply = new Promise<{ event: string; data: Record<string, never> }>((resolve) =>
      this.waiting.set(id, resolve),
    );
    this.socket.send(JSON.stringify({ event, id, data }));
    const { event: kind, data: answer } = await reply;
    if (kind === 'error') throw new Error(JSON.stringify(answer));
    return answer as T;
  }
}

const counts: CrowdCounts = {
  sent: 0,
  reads: 0,
  typing: 0,
  errors: 0,
  heard: { typing: 0, 'receipt.updated': 0, 'message.created': 0 },
};

function tell(message: FromCrowd): void {
  process.send!(message);
}

async function begin({ people, gateways, conversation, tokens }: CrowdSettings): Promise<() => Promise<void>> {
  const members: Member[] = [];
  const next = tokens.entries();
  const some = async () => {
    for (const [n, token] of next) members[n] = await Member.connect(gateways[n % gateways.length]!, token, counts);
  };
  await Promise.all(Array.from({ length: CONNECT_AT_ONCE }, some));
  const made = await members[0]!.request<{ conversation: { id: string } }>('conversation.create', {
    members: people.slice(1),
    clientId: conversation,
  });
  return () => bustle(members, made.conversation.id);
}

let busy = false;
let settings: CrowdSettings;

/**
 * Messages come at a steady rate; everybody reads each of them within the time until the next, and says again and again
 * that they are typing, all spread evenly.
 */
async function bustle(members: readonly Member[], conversation: string): Promise<void> {
  const { messagesPerSecond, typingEveryMs } = settings;
  const start = performance.now();
  const done = { sent: 0, reads: 0, typing: 0 };
  let position = 0;
  const quietly = (work: Promise<unknown>) => void work.catch(() => {});
  const readers = members.length;
  while (busy) {
    const seconds = (performance.now() - start) / 1_000;
    for (; done.sent < seconds * messagesPerSecond; done.sent++) {
      const data = { conversation, text: `to the group ${done.sent}`, clientId: crypto.randomUUID() };
      counts.sent++;
      const sending = members[done.sent % members.length]!.request<{ message: { position: number } }>(
        'message.send',
        data,
      );
      quietly(
        sending.then(({ message }) => {
          position = message.position;
        }),
      );
    }
    for (; done.reads < seconds * messagesPerSecond * readers; done.reads++) {
      if (position === 0) continue;
      counts.reads++;
      quietly(members[done.reads % readers]!.request('conversation.read', { conversation, upTo: position }));
    }
    for (; done.typing < (seconds * 1_000 * members.length) / typingEveryMs; done.typing++) {
      counts.typing++;
      quietly(members[done.typing % members.length]!.request('typing.start', { conversation }));
    }
    await wait(TICK_MS);
  }
}

let going: (() => Promise<void>) | undefined;
let bustling: Promise<void> | undefined;

process.on('message', (message: ToCrowd) => {
  if (message.say === 'begin') {
    settings = message.settings;
    begin(message.settings).then(
      (bustles) => {
        going = bustles;
        tell({ say: 'ready' });
      },
      (error: Error) => tell({ say: 'failed', why: error.message }),
    );
  } else if (message.say === 'busy') {
    busy = true;
    bustling = going!();
    tell({ say: 'ready' });
  } else {
    busy = false;
    void bustling!.then(() => tell({ say: 'quiet', counts }));
  }
});
process.on('disconnect', () => process.exit(0));
