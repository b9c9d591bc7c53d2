import type { GrantView, Receipt } from '@drawbridge/consent';
import type { Scope } from '@drawbridge/protocol';
import { type Page, page } from '../pages/page.js';
import { BackToConnectedApps } from './back-to-connected-apps.js';
import { CONNECTED_APPS_PATH } from './connected-apps-path.js';
import { Evidence, statementOf } from './receipt-evidence.js';
import { ScopeList } from './scope-boxes.js';
import { whichOf } from './which-grant.js';

/** Asks before scopes are taken back. `left`: what the person left ticked. */
export function confirmNarrowPage(props: { csrf: string; grant: GrantView; left: readonly Scope[] }): Page {
  const { csrf, grant, left } = props;
  return page((texts) => {
    const { narrow } = texts;
    const title = narrow.title(grant.appName);
    return {
      title,
      body: (
        <section class="card">
          <h1>{title}</h1>
          <p>{narrow.mayNoLonger(whichOf(texts, grant))}</p>
          <ScopeList scopes={grant.scopes.filter((scope) => !left.includes(scope))} />
          <p>{narrow.mayStill}</p>
          <ScopeList scopes={left} />
          <p class="quiet">{narrow.atOnce}</p>
          <form method="post" action={CONNECTED_APPS_PATH}>
            <input type="hidden" name="csrf" value={csrf} />
            <input type="hidden" name="action" value="narrow" />
            <input type="hidden" name="grant" value={grant.id} />
            {left.map((scope) => (
              <input key={scope} type="hidden" name="scope" value={scope} />
            ))}
            <div class="actions">
              <button type="submit" name="confirm" value="yes" class="ended">
                {narrow.yes}
              </button>
            </div>
          </form>
          <p class="after">
            <a href={CONNECTED_APPS_PATH}>{narrow.no}</a>
          </p>
        </section>
      ),
    };
  });
}

/** States from when on the app can do less; without a receipt where the gateways' confirmations could not be read. */
export function narrowedPage(props: { grant: GrantView; left: readonly Scope[]; receipt: Receipt | undefined }): Page {
  const { grant, left, receipt } = props;
  return page(
    (texts) => {
      const { narrow } = texts;
      const which = whichOf(texts, grant);
      const title = receipt ? narrow.done(which) : narrow.beingTold(which);
      return {
        title,
        body: (
          <section class="card">
            <h1>{title}</h1>
            <p>{receipt ? narrow.statement(statementOf(texts, receipt)) : narrow.unconfirmed}</p>
            <p>{narrow.stillMay}</p>
            <ScopeList scopes={left} />
            {receipt && <Evidence {...receipt} open />}
            <BackToConnectedApps />
          </section>
        ),
      };
    },
    { localTimes: true },
  );
}
