/** A partner's name, leading to its own site. */
export function PartnerLink({ name, homepage }: { name: string; homepage: string }) {
  return (
    <a href={homepage} rel="noreferrer">
      <bdi>{name}</bdi>
    </a>
  );
}
