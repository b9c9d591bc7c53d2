import { isObject, type Step } from './recording.js';

/** A step with what is needed to put it in its place. */
export type Draft = Step & {
  readonly of?: { readonly clientId?: string | undefined; readonly message?: string | undefined };
};

/**
 * Whether a send that was lost with its connection had reached the bridge, chance decides, and the next time it may decide
 * otherwise. The retry brings the same about in any case (I5): so whatever comes of it is waited for after that, and
 * `duplicate` may be either.
 */
export function withRetriesAnswered(drafts: readonly Draft[]): Step[] {
  const answered = new Set(drafts.flatMap((step) => (step.kind === 'reply' ? [step.to] : [])));
  const sends = drafts.filter((step) => step.kind === 'send');
  const lost = new Set(sends.filter(({ number }) => !answered.has(number)).map(({ of }) => of?.clientId));
  lost.delete(undefined);
  const retries = new Set(sends.filter(({ of }) => lost.has(of?.clientId)).map(({ number }) => number));
  const awaited = new Set<string>();
  for (const step of drafts)
    if (step.kind === 'reply' && retries.has(step.to) && step.of?.message) awaited.add(step.of.message);
  const steps: Step[] = [];
  const waiting: Draft[] = [];
  for (const draft of drafts) {
    const { of, ...step } = draft;
    const isBehind = step.kind === 'event' && step.isDurable && waiting.some(({ side }) => side === step.side);
    if (step.kind === 'event' && (isBehind || (of?.message && awaited.has(of.message)))) {
      waiting.push(draft);
      continue;
    }
    if (step.kind !== 'reply' || !retries.has(step.to)) {
      steps.push(step as Step);
      continue;
    }
    const { duplicate: _, ...data } = isObject(step.data) ? step.data : {};
    steps.push({ ...(step as Step & { kind: 'reply' }), data });
    if (of?.message) awaited.delete(of.message);
    for (let next = waiting[0]; next && !(next.of?.message && awaited.has(next.of.message)); next = waiting[0]) {
      waiting.shift();
      const { of: _of, ...released } = next;
      steps.push(released as Step);
    }
  }
  return [...steps, ...waiting.map(({ of: _of, ...step }) => step as Step)];
}
