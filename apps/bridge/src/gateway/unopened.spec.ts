import type { IncomingMessage } from 'node:http';
import { Config } from '../config/config.js';
import { UNOPENED_LIMITS, Unopened } from './unopened.js';

const { perProcess, perAddress } = UNOPENED_LIMITS;
const request = (forwarded: string) =>
  ({ headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress: '127.0.0.1' } }) as unknown as IncomingMessage;

describe('WebSockets without a session', () => {
  test('are so many of one address, an IPv6 /64, and so many in all, and those that leave make room (I9)', () => {
    const unopened = new Unopened(Config.read({ PUBLIC_URL: 'https://bridge.example' }));
    const all = Array.from({ length: perProcess }, (_, n) => {
      const one = request(`2001:db8:0:${Math.floor(n / perAddress).toString(16)}::${(n % perAddress).toString(16)}`);
      expect(unopened.refusal(one)).toBeUndefined();
      unopened.entered(one);
      return one;
    });
    expect(unopened.refusal(request('2001:db8:0:1::ffff'))).toMatchObject({ status: 429 });
    const other = request('203.0.113.1, 192.0.2.1');
    expect(unopened.refusal(other)).toMatchObject({ status: 503 });
    for (let twice = 0; twice < 2; twice += 1) unopened.left(all[0]!.socket);
    expect(unopened.refusal(other)).toBeUndefined();
    unopened.entered(other);
    expect(unopened.refusal(request('192.0.2.2'))).toMatchObject({ status: 503 });
    for (const one of [...all, other]) unopened.left(one.socket);
    expect(unopened.refusal(request('2001:db8:0:1::ffff'))).toBeUndefined();
    expect(unopened).toMatchObject({ networks: new Map(), counts: new Map() });
  });

  test('without a proxy come from where they come from, whatever they say', () => {
    const unopened = new Unopened(Config.read({}));
    for (let n = 0; n < perAddress; n += 1) unopened.entered(request(`192.0.2.${n % 256}`));
    expect(unopened.refusal(request('198.51.100.1'))).toMatchObject({ status: 429 });
  });
});
