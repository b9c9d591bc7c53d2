import {
  GatewayHarness,
  type Name,
  PUBLIC_URL,
  type TokenOptions,
} from '../../../apps/bridge/test/gateway/gateway-harness.js';
import {
  type Bridge,
  type BridgeEvent,
  type ClientOptions,
  createClient,
  type State,
  type TokenReason,
} from '../src/index.js';

export { PUBLIC_URL };

export const QUICK = { baseMs: 20, maxMs: 200 } as const;

/** A client of the SDK on a grant of its own, with everything that it told. */
export interface TestClient {
  readonly bridge: Bridge;
  readonly grant: string;
  readonly states: State[];
  readonly events: BridgeEvent[];
  /** Why tokens were asked for. */
  readonly asked: TokenReason[];
  /** The texts of the messages that came, in order. */
  texts(): string[];
  /** Resolves at the first state, past or to come, of this name. */
  state(name: State['name'], after?: number): Promise<State>;
  /** Resolves when a message with this text has come. */
  text(text: string): Promise<void>;
}

export interface TestClientOptions extends TokenOptions, Partial<Omit<ClientOptions, 'token'>> {
  readonly grant?: string;
  readonly url?: string;
}

export async function testClient(
  harness: GatewayHarness,
  name: Name,
  options: TestClientOptions = {},
): Promise<TestClient> {
  const grant = options.grant ?? (await harness.grant(name, options));
  const states: State[] = [];
  const events: BridgeEvent[] = [];
  const asked: TokenReason[] = [];
  const bridge = createClient({
    url: harness.origin,
    backoff: QUICK,
    drainTimeoutMs: 30_000,
    requestTimeoutMs: 60_000,
    ...options,
    token: ({ reason }) => {
      asked.push(reason);
      return harness.token(name, grant, options);
    },
  });
  const looks = new Set<() => void>();
  const look = () => {
    for (const each of looks) each();
  };
  bridge.on('state', (state) => {
    states.push(state);
    look();
  });
  bridge.on('event', (event) => {
    events.push(event);
    look();
  });
  const until = async <T>(found: () => T | undefined): Promise<T> => {
    const { promise, resolve } = Promise.withResolvers<T>();
    const each = () => {
      const value = found();
      if (value !== undefined) resolve(value);
    };
    looks.add(each);
    each();
    return promise.finally(() => looks.delete(each));
  };
  const texts = () =>
    events.flatMap((event) => (event.event === 'message.created' ? [event.data.message.text ?? ''] : []));
  return {
    bridge,
    grant,
    states,
    events,
    asked,
    texts,
    state: (stateName, after = 0) => until(() => states.slice(after).find((each) => each.name === stateName)),
    text: (text) => until(() => (texts().includes(text) ? true : undefined)).then(() => {}),
  };
}
