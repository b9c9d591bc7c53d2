import { page } from './layout.js';

export interface StartPage {
  publicUrl: string;
  demo: boolean;
  /** Where people sign in, if not here. */
  signIn: object | undefined;
}

/** What a person, or a developer, finds at the bridge's own address. */
export function startPage({ publicUrl, demo, signIn }: StartPage): string {
  const endpoint = `${publicUrl.replace(/^http/, 'ws')}/bridge`;
  return page(
    'Your messages, in other apps, while you say so',
    <>
      <section class="card">
        <h1>Your messages, in other apps, while you say so</h1>
        <p class="lead">
          Drawbridge lets a partner’s app show and send your messages after you have signed in and said what it may do.
          You can end that at any moment, and you are told when it took effect.
        </p>
        <p>
          <a href="/connected-apps">See your connected apps</a>
        </p>
        <p>
          <a href="/device">Connect an app on a TV or another device, with its code</a>
        </p>
        {demo && !signIn && (
          <p>
            This bridge has demo people: sign in as <code>alice</code>, <code>bob</code>, <code>carol</code> or{' '}
            <code>dave</code>, with the password <code>drawbridge</code>.
          </p>
        )}
      </section>
      <section class="card">
        <h2>For developers</h2>
        <dl class="list">
          <dt>
            WebSocket, subprotocol <code>drawbridge.v1</code>
          </dt>
          <dd>
            <code>{endpoint}</code>
          </dd>
          <dt>Sign-in (OAuth 2.1, OpenID Connect)</dt>
          <dd>
            <a href="/oidc/.well-known/openid-configuration">
              <code>{publicUrl}/oidc</code>
            </a>
          </dd>
          <dt>The protocol: frames, commands, events</dt>
          <dd>
            <a href="/asyncapi.json">
              <code>{publicUrl}/asyncapi.json</code>
            </a>{' '}
            (AsyncAPI 3), and <code>docs/protocol.md</code>, which comes with Drawbridge’s source
          </dd>
          <dt>Errors and close codes</dt>
          <dd>
            <a href="/errors">What each one means, and what to do</a>
          </dd>
        </dl>
      </section>
    </>,
    { wide: true },
  );
}
