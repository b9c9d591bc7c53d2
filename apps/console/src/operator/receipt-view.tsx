import type { FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { durationWords } from '../faults/state-history.js';
import { Time } from '../parts/time.js';
import { connectedAppsAt, type Settings } from '../settings.js';
import { confirmationsOf, type ReceiptCase, type Step, tookMs } from './receipt-case.js';

const SIGNS: Readonly<Record<Step['kind'], string>> = {
  asked: '→',
  gateway: '✓',
  late: '…',
  closed: '○',
  complete: '■',
  failed: '✗',
};

/** One end of consent: what came in, in order, and the receipt once it is complete. */
export const ReceiptView: FunctionComponent<{ found: ReceiptCase; settings: Settings }> = ({ found, settings }) => {
  const receipt = found.receipt.value;
  const article = useRef<HTMLElement>(null);
  // Where it goes on after somebody asked for it here, and the button that they pressed is gone.
  useEffect(() => {
    if (found.isOwn && found.isOpen) article.current?.focus();
  }, [found]);
  const entry = found.entry.value;
  const ended = 'grant' in found.of ? found.of.grant : undefined;
  return (
    <article
      ref={article}
      class="receipt"
      aria-label={found.title}
      tabIndex={-1}
      data-open={receipt === undefined && found.problem.value === undefined}
    >
      <h4>{found.title}</h4>
      <ol class="came" aria-live="polite">
        {found.steps.value.map(({ ms, kind, text }) => (
          <li key={`${ms} ${text}`} data-kind={kind}>
            <span class="sign" aria-hidden="true">
              {SIGNS[kind]}
            </span>
            <span class="number">{durationWords(ms)}</span> {text}
          </li>
        ))}
      </ol>
      {receipt && (
        <>
          <p>
            In effect after <b>{durationWords(tookMs(receipt))}</b> by the bridge’s clock;{' '}
            {receipt.connectionsClosed === 1 ? '1 connection' : `${receipt.connectionsClosed} connections`} closed
            {receipt.grants !== undefined && `, ${receipt.grants} grants ended`}. After that moment nothing is written
            on it.
          </p>
          <dl>
            {entry && (
              <>
                <dt>Ended by</dt>
                <dd>{actorWords(entry.actor)}</dd>
                <dt>Reason</dt>
                <dd>
                  {entry.data.note && `${entry.data.note} `}
                  {entry.data.reason && <code>{entry.data.reason}</code>}
                </dd>
              </>
            )}
            <dt>requestedAt</dt>
            <dd>
              <Time at={receipt.requestedAt} />
            </dd>
            <dt>effectiveAt</dt>
            <dd>
              <Time at={receipt.effectiveAt} />
            </dd>
          </dl>
          {receipt.gateways.length === 0 ? (
            <p>No gateway was running, so nobody had to confirm it.</p>
          ) : (
            <table>
              <caption>Who confirmed it, in that order</caption>
              <thead>
                <tr>
                  <th scope="col">Gateway</th>
                  <th scope="col">By</th>
                  <th scope="col">After</th>
                  <th scope="col">lastSeq</th>
                </tr>
              </thead>
              <tbody>
                {confirmationsOf(receipt).map(({ id, confirmed, at, afterMs, lastSeq }) => (
                  <tr key={id + at}>
                    <td>{id}</td>
                    <td>{confirmed === 'ack' ? 'its own word (ack)' : 'its lease running out (lease_expired)'}</td>
                    <td title={at}>{durationWords(Math.max(0, afterMs))}</td>
                    <td>{lastSeq === undefined ? '–' : confirmed === 'ack' ? lastSeq : `at most ${lastSeq}`}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          <p>
            <a href={connectedAppsAt(settings, ended)} target="_blank" rel="noreferrer">
              As the person reads it, on Connected apps
            </a>
          </p>
        </>
      )}
    </article>
  );
};

/** As the record has it: every other name is an operator's. */
function actorWords(actor: string): string {
  if (actor === 'person') return 'the person, on Connected apps';
  if (actor === 'bridge') return 'the bridge itself';
  return actor === 'app' || actor.startsWith('app:') ? 'the app' : `the operator ${actor}`;
}
