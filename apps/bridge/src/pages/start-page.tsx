import { code, type Rich } from '../texts/rich.js';
import { type Page, page } from './page.js';

export interface StartPage {
  publicUrl: string;
  demo: boolean;
  /** Where people sign in, if not here. */
  signIn: object | undefined;
  internalUrl: string;
}

const DEMO_LOGINS = ['alice', 'bob', 'carol', 'dave'];
const DEMO_PASSWORD = 'drawbridge';
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/**
 * Leads everybody on who comes to the bridge's own address: the person, whoever makes an app, whoever runs or tests the
 * bridge, and the platform. Where the internal listener is it says on a demo of one's own machine only.
 */
export function startPage({ publicUrl, demo, signIn, internalUrl }: StartPage): Page {
  const endpoint = `${publicUrl.replace(/^http/, 'ws')}/bridge`;
  const onThisMachine = demo && [publicUrl, internalUrl].every((url) => LOOPBACK.has(new URL(url).hostname));
  const consoleUrl = `${internalUrl}/console/`;
  const link = (href: string, text: Rich) => <a href={href}>{text}</a>;
  return page(
    ({ start }) => ({
      title: start.title,
      body: (
        <>
          <section class="card">
            <h1>{start.title}</h1>
            <p class="lead">{start.lead}</p>
            <p>{link('/connected-apps', start.apps)}</p>
            <p>{link('/device', start.device)}</p>
            {demo && !signIn && <p>{start.demoPeople(start.people(DEMO_LOGINS.map(code)), code(DEMO_PASSWORD))}</p>}
          </section>
          <section class="card">
            <h2>{start.developers}</h2>
            <p>{start.developersLead(code('@drawbridge/client'), code('docs/sdk.md'))}</p>
            <dl class="list">
              <dt>{start.socket(code('drawbridge.v1'))}</dt>
              <dd>
                <code>{endpoint}</code>
              </dd>
              <dt>{start.signIn}</dt>
              <dd>{link('/oidc/.well-known/openid-configuration', code(`${publicUrl}/oidc`))}</dd>
              <dt>{start.protocol}</dt>
              <dd>
                {start.protocolAlso(
                  link('/asyncapi.json', code(`${publicUrl}/asyncapi.json`)),
                  code('docs/protocol.md'),
                )}
              </dd>
              <dt>{start.errors}</dt>
              <dd>{link('/errors', start.errorsLink)}</dd>
            </dl>
          </section>
          <section class="card">
            <h2>{start.testers}</h2>
            <p>{start.testersLead(code('/console/'))}</p>
            {onThisMachine && <p>{start.testersHere(link(consoleUrl, code(consoleUrl)))}</p>}
          </section>
          <section class="card">
            <h2>{start.operators}</h2>
            <p>{start.operatorsLead(code('INTERNAL_HOST'), code('INTERNAL_PORT'))}</p>
            <ul>
              <li>{start.operatorsCommand(code('drawbridge'), code('docs/cli.md'))}</li>
              <li>{start.operatorsOver(code('/admin/v1'), code('docs/operators.md'))}</li>
              <li>{start.operatorsRunning(code('docs/operations.md'))}</li>
            </ul>
          </section>
          <section class="card">
            <h2>{start.platform}</h2>
            <p>{start.platformLead(code('/platform/v1'), code('docs/platform.md'))}</p>
          </section>
          <p class="small quiet">{start.source}</p>
        </>
      ),
    }),
    { wide: true },
  );
}
