import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Console } from '../console.js';
import { durationWords } from '../faults/state-history.js';
import '../operator/operator.css';
import { ProblemView } from '../operator/problem-view.js';
import { ReceiptView } from '../operator/receipt-view.js';
import { concernWords, TakingAway } from '../operator/taking-away.js';
import type { Gateway, Grant, Partner } from '../operator/wire.js';
import { Time } from '../parts/time.js';
import { SIDES } from '../wire/entry.js';

/** What an operator of the bridge can do to the two people: with a token that the tester pastes. */
export const Operator: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { operator } = console;
  useEffect(() => operator.watchGateways(), [operator]);
  if (operator.isElsewhere)
    return (
      <p class="quiet">
        An operator’s token is for the bridge that serves this console, and the two people are on another one. Go back
        to it under Runs, Server.
      </p>
    );
  return (
    <div class="operator">
      <Token console={console} />
      {operator.isIn.value && (
        <>
          <ProblemView problem={operator.problem.value} />
          <Receipts console={console} />
          <GatewayList console={console} />
          <GrantList console={console} />
          <PartnerList console={console} />
        </>
      )}
    </div>
  );
};

const Token: FunctionComponent<{ console: Console }> = ({ console: { operator } }) => {
  const token = useSignal('');
  if (operator.isIn.value)
    return (
      <p class="buttons">
        An operator’s token is there, in this page’s memory alone.{' '}
        <button type="button" onClick={() => operator.leave()}>
          Forget it
        </button>
      </p>
    );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const entered = token.value.trim();
        token.value = '';
        void operator.enter(entered);
      }}
    >
      <label for="operator-token">An operator’s token</label>
      <input
        id="operator-token"
        type="password"
        required
        autocomplete="off"
        aria-describedby="operator-token-help"
        value={token.value}
        onInput={(event) => {
          token.value = event.currentTarget.value;
        }}
      />
      <p class="quiet" id="operator-token-help">
        Such as the ADMIN_TOKEN that the bridge was started with. It is kept until this page is closed or loaded anew,
        and never stored.
      </p>
      <button type="submit" disabled={operator.isAsking.value}>
        {operator.isAsking.value ? 'Asking…' : 'Use it'}
      </button>
      <ProblemView problem={operator.problem.value} />
    </form>
  );
};

const Receipts: FunctionComponent<{ console: Console }> = ({ console }) => {
  const cases = console.operator.cases.value;
  if (cases.length === 0) return null;
  return (
    <section aria-labelledby="receipts-title">
      <h3 id="receipts-title">Receipts, the newest first</h3>
      {cases.map((found) => (
        <ReceiptView key={found.number} found={found} settings={console.settings} />
      ))}
    </section>
  );
};

const GatewayList: FunctionComponent<{ console: Console }> = ({ console: { operator } }) => {
  const { gateways = [], consentHead = 0 } = operator.gateways.value ?? {};
  const serving = gateways.filter(({ draining }) => !draining).length;
  return (
    <section aria-labelledby="gateways-title">
      <h3 id="gateways-title">Gateways</h3>
      <ul class="cards">
        {gateways.map((gateway) => (
          <li key={gateway.instance} data-gateway={gateway.id}>
            <h4>{gateway.id}</h4>
            <p>{gatewayWords(gateway, consentHead)}</p>
            {!gateway.draining && (
              <TakingAway
                verb="Drain"
                what={gateway.id}
                ask={() => operator.ask((api) => api.drainPreview(gateway.instance))}
                concerns={({ connections = 0 }) =>
                  `${connections === 1 ? '1 connection is' : `${connections} connections are`} told going_away and closed with 4512. ` +
                  (serving === 1
                    ? 'It is the only gateway: nobody can come back before its process is started anew.'
                    : 'They come back on another gateway.')
                }
                run={(reason) => operator.drain(gateway.instance, reason)}
              />
            )}
          </li>
        ))}
      </ul>
      {gateways.length === 0 && <p>None is running.</p>}
    </section>
  );
};

function gatewayWords({ draining, connections, consentPosition, lease, startedAt }: Gateway, head: number): string {
  const state = lease.ageMs > lease.ms ? 'not heard from' : draining ? 'draining' : 'serving';
  const behind = head - consentPosition;
  const consents = behind <= 0 ? 'consents up to date' : `${behind} behind in the consent feed`;
  const renewed = `lease renewed ${durationWords(lease.ageMs)} ago, of ${durationWords(lease.ms)}`;
  const up = `up for ${durationWords(Date.now() - Date.parse(startedAt))}`;
  return `${state}; ${connections} connected; ${consents}; ${renewed}; ${up}`;
}

const GrantList: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { operator } = console;
  const known = operator.known.value;
  const grants = operator.grants.value;
  const nameOf = ({ person }: Grant) => operator.names.value.get(person) ?? person;
  const isHere = ({ id }: Grant) => SIDES.some((side) => known[side]?.grant === id);
  return (
    <section aria-labelledby="grants-title">
      <h3 id="grants-title">Grants of the two people</h3>
      <p class="buttons">
        <button
          type="button"
          disabled={SIDES.every((side) => !known[side])}
          onClick={() => void operator.lookAtGrants()}
        >
          {grants ? 'Look again' : 'Look'}
        </button>
        <span class="quiet">That you looked goes on their record.</span>
      </p>
      {grants && (
        <ul class="cards">
          {grants.map((grant) => (
            <li key={grant.id} data-grant={grant.id}>
              <h4>
                <bdi>{nameOf(grant)}</bdi>, {grant.app.name}
              </h4>
              <p>
                <GrantWords grant={grant} />
                {isHere(grant) && (grant.status === 'standing' ? '; signed in here' : '; the last one here')}
              </p>
              <p class="code">{grant.id}</p>
              {grant.status === 'standing' ? (
                <TakingAway
                  verb="End"
                  what={`the grant of ${nameOf(grant)}`}
                  run={(reason) => operator.endGrant(grant.id, reason, nameOf(grant))}
                />
              ) : (
                <button
                  type="button"
                  onClick={() =>
                    void operator.look(() =>
                      operator.fetchReceipt(
                        grant.id,
                        `The end of ${nameOf(grant)}’s grant`,
                        'its receipt is asked for',
                      ),
                    )
                  }
                >
                  Receipt<span class="visually-hidden"> of {nameOf(grant)}</span>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
};

/** How it is with it, since when, and by what one is told from another of the same app. */
const GrantWords: FunctionComponent<{ grant: Grant }> = ({ grant }) => {
  const { status, endReason, endedAt, createdAt, lastConnectedAt, device } = grant;
  return (
    <>
      {status === 'standing' ? (
        <>
          standing since <Time at={createdAt} />
        </>
      ) : (
        <>
          ended {endedAt && <Time at={endedAt} />} {endReason && `(${endReason})`}, had begun <Time at={createdAt} />
        </>
      )}
      {device && `; signed in with ${device}`}
      {lastConnectedAt && (
        <>
          ; last connected <Time at={lastConnectedAt} />
        </>
      )}
    </>
  );
};

const PartnerList: FunctionComponent<{ console: Console }> = ({ console: { operator } }) => {
  const known = operator.known.value;
  const isOwn = ({ name }: Partner) => SIDES.some((side) => known[side]?.partner === name);
  return (
    <section aria-labelledby="partners-title">
      <h3 id="partners-title">Partners</h3>
      <ul class="cards">
        {operator.partners.value.map((partner) => (
          <li key={partner.id} data-partner={partner.name}>
            <h4>
              {partner.name}
              {isOwn(partner) && <span class="quiet"> (this console’s own)</span>}
            </h4>
            <p>
              {partner.status}
              {partner.statusReason && `: ${partner.statusReason}`}
              {partner.statusBy && ` (by ${partner.statusBy})`}
              {partner.statusSince && (
                <>
                  , since <Time at={partner.statusSince} />
                </>
              )}
            </p>
            {partner.status === 'approved' && (
              <TakingAway
                verb="Suspend"
                what={partner.name}
                ask={() => operator.ask((api) => api.suspendPreview(partner.id))}
                concerns={(preview) =>
                  `It ends ${concernWords(preview)}, for good: after a resumption people have to sign in again.`
                }
                run={(reason) => operator.suspend(partner, reason)}
              />
            )}
            {partner.status === 'suspended' && (
              <TakingAway
                verb="Resume"
                what={partner.name}
                isEnding={false}
                run={(reason) => operator.resume(partner, reason)}
              />
            )}
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => void operator.refreshPartners()}>
        Look at them again
      </button>
    </section>
  );
};
