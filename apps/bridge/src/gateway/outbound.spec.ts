import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { LIMITS } from '@drawbridge/protocol';
import type { FrameBytes } from './frame-bytes.js';
import { Outbound, type WaitingFrame } from './outbound.js';

const text = (payload: string): WaitingFrame => ({
  size: () => payload.length,
  writeTo: (bytes) => bytes.text(payload),
});

async function socketPair(): Promise<{ near: Socket; far: Socket; end(): void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  const far = connect(address.port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  const end = () => {
    near.destroy();
    far.destroy();
    server.close();
  };
  return { near, far, end };
}

test('A frame that fails half way leaves nothing behind for the next connection (I1)', async () => {
  const [first, second] = [await socketPair(), await socketPair()];
  try {
    const failures: unknown[] = [];
    const broken = new Outbound(
      first.near,
      () => true,
      () => {},
      (error) => failures.push(error),
    );
    const sound = new Outbound(
      second.near,
      () => true,
      () => {},
      () => {},
    );
    broken.push({
      size: () => 0,
      writeTo(bytes: FrameBytes) {
        bytes.text('a secret of the first');
        throw new Error('half way');
      },
    });
    sound.push(text('for the second'));
    const [received] = (await once(second.far, 'data')) as [Buffer];
    expect(received.toString('latin1')).toBe(`\x81${String.fromCharCode(14)}for the second`);
    expect(failures).toHaveLength(1);
  } finally {
    first.end();
    second.end();
  }
});

test('What waits behind a client that does not read is bounded, and is dropped at once when consent ends (I1, I9)', async () => {
  const pair = await socketPair();
  try {
    pair.far.pause();
    const overflowed = Promise.withResolvers<void>();
    const outbound = new Outbound(
      pair.near,
      () => true,
      overflowed.resolve,
      () => {},
    );
    const big = text('x'.repeat(LIMITS.maxFrameBytes));
    const filling = setInterval(() => outbound.push(big));
    await overflowed.promise;
    clearInterval(filling);
    expect(outbound.waitingBytes).toBeGreaterThan(LIMITS.maxQueuedBytes);
    outbound.close();
    expect(outbound.waitingBytes).toBe(0);
    expect(outbound.isEmpty || pair.near.writableLength > 0).toBe(true);
  } finally {
    pair.end();
  }
});

test('nothing follows a close frame, whoever sent it (RFC 6455 section 5.5.1)', async () => {
  const pair = await socketPair();
  try {
    let isOpen = true;
    const outbound = new Outbound(
      pair.near,
      () => isOpen,
      () => {},
      () => {},
    );
    outbound.push(text('before'));
    outbound.flush();
    outbound.push(text('after'));
    // As ws has it from the client's close frame on, before its `close`.
    isOpen = false;
    outbound.flush();
    outbound.push(text('later'));
    outbound.flush();
    pair.near.end();
    const got = Buffer.concat(await pair.far.toArray()).toString();
    expect(got).toContain('before');
    expect(got).not.toMatch(/after|later/);
    expect(outbound.isEmpty).toBe(true);
  } finally {
    pair.end();
  }
});
