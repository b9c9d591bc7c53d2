import { day } from './times.js';

/** That the partner ends on a day, so that nobody is surprised by it; in the words of both pages that show an app. */
export function windDown(appName: string, endsAt: Date): string {
  return `${appName}’s access ends on ${day(endsAt)} for everybody.`;
}

/** Beside a grant that ends on that day. */
export function WindDown({ appName, endsAt }: { appName: string; endsAt: Date | null }) {
  if (!endsAt) return null;
  return (
    <div class="notice">
      <p>{windDown(appName, endsAt)}</p>
    </div>
  );
}
