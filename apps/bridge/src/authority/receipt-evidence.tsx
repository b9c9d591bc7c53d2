import type { Receipt } from '@drawbridge/consent';
import { instant, tookWords } from './times.js';

/** The gateways' part of a receipt in half a sentence. */
export function confirmedBy(gateways: Receipt['gateways']): string {
  const all = gateways.length;
  if (all === 0) return 'no gateway was running';
  const confirmed = gateways.filter((gateway) => gateway.confirmed === 'ack').length;
  if (confirmed < all) return `confirmed by ${confirmed} of ${all} gateways, and past the lease of every other`;
  return all === 1 ? 'confirmed by the gateway' : `confirmed by all ${all} gateways`;
}

export function Statement({ receipt }: { receipt: Receipt }) {
  const effective = new Date(receipt.effectiveAt);
  return (
    <p>
      It has had no access since <time dateTime={receipt.effectiveAt}>{instant(effective)}</time>, {tookWords(receipt)}{' '}
      after you asked for it; {confirmedBy(receipt.gateways)}. Since then nothing is delivered to the app and nothing is
      accepted from it.
    </p>
  );
}

export function Evidence(receipt: Pick<Receipt, 'connectionsClosed' | 'gateways' | 'scopes'>) {
  const { connectionsClosed, gateways, scopes } = receipt;
  const closed = `${connectionsClosed} ${connectionsClosed === 1 ? 'connection was' : 'connections were'} closed`;
  const connections = scopes ? 'Its connections went on with less' : closed;
  return (
    <details class="small">
      <summary>How we know</summary>
      <p>
        {connections}
        {gateways.length === 0
          ? '; no gateway was running.'
          : '. Each gateway confirmed it, or its permission to deliver ran out:'}
      </p>
      {gateways.length > 0 && (
        <ul class="evidence">
          {gateways.map((gateway) => (
            <li key={gateway.id}>
              <code>{gateway.id}</code>, {gateway.confirmed === 'ack' ? 'by its own word' : 'by its lease running out'}:{' '}
              {instant(new Date(gateway.at))}
              {gateway.lastSeq !== undefined &&
                `, last event ${gateway.confirmed === 'ack' ? '' : 'at most '}${gateway.lastSeq}`}
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}
