import type { Receipt } from '@drawbridge/consent';
import { Time } from '../pages/time.js';
import { useTexts } from '../pages/use-texts.js';
import type { Texts } from '../texts/en.js';
import type { Rich } from '../texts/rich.js';

/** The gateways' part of a receipt in half a sentence. */
export function confirmedBy({ receipt }: Texts, gateways: Receipt['gateways']): string {
  const confirmed = gateways.filter((gateway) => gateway.confirmed === 'ack').length;
  return receipt.confirmedBy(confirmed, gateways.length);
}

/** What a statement is made of: from when on it holds, how long that took, and who confirmed it. */
export function statementOf(texts: Texts, receipt: Receipt): { since: Rich; took: string; confirmed: string } {
  const [requested, effective] = [receipt.requestedAt, receipt.effectiveAt].map((at) => new Date(at)) as [Date, Date];
  return {
    since: <Time at={effective} as="instant" />,
    took: texts.receipt.took(Math.max(0, effective.getTime() - requested.getTime())),
    confirmed: confirmedBy(texts, receipt.gateways),
  };
}

/** `open` where it is what the page is about. */
export function Evidence({
  connectionsClosed,
  gateways,
  scopes,
  open = false,
}: Pick<Receipt, 'connectionsClosed' | 'gateways' | 'scopes'> & { open?: boolean }) {
  const { receipt } = useTexts();
  const connections = scopes ? receipt.wentOn : receipt.closed(connectionsClosed);
  return (
    <details class="small" open={open}>
      <summary>{receipt.howWeKnow}</summary>
      <p>{gateways.length === 0 ? receipt.noGateway(connections) : receipt.eachGateway(connections)}</p>
      {gateways.length > 0 && (
        <ul class="evidence">
          {gateways.map(({ id, confirmed, at, lastSeq }) => (
            <li key={id}>
              {receipt.gateway({
                gateway: id,
                ack: confirmed === 'ack',
                at: <Time at={new Date(at)} as="instant" />,
                lastSeq,
              })}
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}
