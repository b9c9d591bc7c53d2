import { randomUUID } from 'node:crypto';
import { BridgeClient, type BridgeProcess, connectedApps, signIn, startBridge } from '@drawbridge/testing';

/** The samples of `/metrics` by name and labels as they are written, such as `drawbridge_connections{state="open"}`. */
async function scrape(bridge: BridgeProcess) {
  const response = await fetch(`${bridge.internalUrl}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter(Boolean);
  const samples = new Map<string, number>();
  for (const line of lines.filter((each) => !each.startsWith('#'))) {
    const cut = line.lastIndexOf(' ');
    samples.set(line.slice(0, cut), Number(line.slice(cut + 1)));
  }
  return { lines, samples, value: (name: string) => samples.get(name) };
}

/** More than the lease of 3 s: what is tested is that time passes without a renewal, so here it has to. */
const FROZEN_MS = 3_500;

describe('The metrics', () => {
  let bridge: BridgeProcess;
  beforeAll(async () => {
    bridge = await startBridge({ database: 'postgres', env: { OPEN_WITHIN_MS: '4000', GATEWAY_ID: 'gw-metrics' } });
  });
  afterAll(() => bridge?.[Symbol.asyncDispose]());

  test('are served on the internal listener alone, each with a help text and a base unit', async () => {
    expect((await fetch(`${bridge.publicUrl}/metrics`)).status).toBe(404);
    const { lines, samples, value } = await scrape(bridge);
    const names = new Set([...samples.keys()].map((name) => name.replace(/\{.*/, '')));
    for (const name of names) {
      const family = name.replace(/_(bucket|sum|count)$/, '');
      expect(lines.some((line) => new RegExp(`^# HELP (${name}|${family}) .{10,}`).test(line))).toBe(true);
      expect(name).toMatch(/^(drawbridge|process|nodejs)_[a-z0-9_]+$/);
      expect(name).not.toMatch(/_(ms|millis|milliseconds|minutes|kb|mb)(_|$)/);
    }
    expect(value('drawbridge_info{gateway="gw-metrics",roles="gateway,authority,platform,admin"}')).toBe(1);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(value('drawbridge_commands_total{event="message.send",outcome="internal"}')).toBe(0);
  });

  test('count connections, frames, commands, commits, closes and ends of consent', async () => {
    const before = await scrape(bridge);
    const person = { password: 'drawbridge', clientId: 'tunebox-desktop', scopes: 'all' } as const;
    const tokens = await signIn(bridge, { login: 'alice', ...person });
    const [alice, leaver] = [
      await BridgeClient.connect(bridge.publicUrl),
      await BridgeClient.connect(bridge.publicUrl),
    ];
    await Promise.all([alice.open(tokens), leaver.open(tokens)]);
    const idle = await BridgeClient.connect(bridge.publicUrl);
    const wrong = await BridgeClient.connect(bridge.publicUrl);
    await wrong.open('no.token.atall').catch(() => {});
    await Promise.all([wrong.closed, leaver.close(4999)]);
    const request = (event: string, data: object) => alice.request<never>(event, data).catch(() => {});
    for (let n = 0; n < 3; n++) await request('message.send', { to: 'bob', text: `n ${n}`, clientId: randomUUID() });
    await request('message.send', { to: 'nobody', text: 'x', clientId: randomUUID() });
    await request('message.send', {});
    const invented = Array.from({ length: 30 }, () => `invented.${randomUUID()}`);
    for (const event of invented) await request(event, {});
    alice.send('no frame');
    await request('ping', {});
    const during = await scrape(bridge);
    expect(during.value('drawbridge_connections{state="open"}')).toBe(1);
    expect(during.value('drawbridge_connections{state="opening"}')).toBe(1);
    await idle.closed;
    const apps = await connectedApps(bridge, { login: 'alice', password: 'drawbridge' });
    for (const grant of apps.grants) await apps.end(grant);
    await alice.closed;
    const after = await scrape(bridge);
    const grown = (name: string) => (after.value(name) ?? 0) - (before.value(name) ?? 0);

    const grew = (names: Record<string, number>) =>
      expect(Object.fromEntries(Object.keys(names).map((name) => [name, grown(`drawbridge_${name}`)]))).toEqual(names);
    grew({
      'opens_total{outcome="ok"}': 2,
      'opens_total{outcome="unauthenticated"}': 1,
      'opens_total{outcome="open_timeout"}': 1,
      'closes_total{code="4401",reason="unauthenticated"}': 1,
      'closes_total{code="4408",reason="open_timeout"}': 1,
      'closes_total{code="4403",reason="revoked_by_person"}': 1,
      'closes_total{code="other",reason="client"}': 1,
      'commands_total{event="session.open",outcome="ok"}': 2,
      'commands_total{event="session.open",outcome="unauthenticated"}': 1,
      'commands_total{event="message.send",outcome="ok"}': 3,
      'commands_total{event="message.send",outcome="not_found"}': 1,
      'commands_total{event="message.send",outcome="invalid_data"}': 1,
      'commands_total{event="ping",outcome="ok"}': 1,
      'commands_total{event="unknown",outcome="unknown_event"}': 30,
      'commands_total{event="unknown",outcome="bad_frame"}': 1,
      frames_received_total: 3 + 5 + 30 + 2,
      'frames_sent_total{kind="event"}': alice.frames.filter(({ seq }) => seq !== undefined).length,
      commit_sends_sum: 3,
      'consent_end_seconds_count{confirmed="ack"}': apps.grants.length,
      'consent_end_seconds_count{confirmed="lease_expired"}': 0,
    });
    expect(after.value('drawbridge_connections{state="open"}')).toBe(0);
    expect(grown('drawbridge_frames_sent_total{kind="other"}')).toBeGreaterThan(40);
    expect(grown('drawbridge_commit_seconds_sum')).toBeGreaterThan(0);
    expect(after.value('drawbridge_lease_left_seconds')).toBeGreaterThan(1);
    expect(after.value('drawbridge_lease_seconds')).toBe(3);
    // What a client makes up becomes no label (I9).
    expect([...after.samples.keys()].filter((name) => name.includes('invented'))).toEqual([]);
  });

  test('tell of a lease that cannot be renewed, and of the worst lag of each second', async () => {
    const before = await scrape(bridge);
    // Frozen for longer than its lease: it finds consent unproven when it goes on.
    bridge.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, FROZEN_MS));
    bridge.signal('SIGCONT');
    const lapses = 'drawbridge_lease_lapses_total{reason="lapsed"}';
    const slow = 'drawbridge_event_loop_lag_seconds_bucket{le="2.5"}';
    const all = 'drawbridge_event_loop_lag_seconds_bucket{le="+Inf"}';
    for (;;) {
      const { value } = await scrape(bridge);
      const stalls = (of: typeof value) => (of(all) ?? 0) - (of(slow) ?? 0);
      if (value(lapses)! > before.value(lapses)! && stalls(value) > stalls(before.value)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
});
