import { Time } from '../pages/time.js';
import { useTexts } from '../pages/use-texts.js';

/** Beside a grant whose partner ends on a day, so that nobody is surprised by it. */
export function WindDown({ appName, endsAt }: { appName: string; endsAt: Date | null }) {
  const { apps } = useTexts();
  if (!endsAt) return null;
  return (
    <div class="notice warning">
      <p>{apps.windDown(appName, <Time at={endsAt} as="day" />)}</p>
    </div>
  );
}
