import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** The time in milliseconds since 1970, anew every so often, for what says how long ago something was. */
export function useNow(everyMs: number): number {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, everyMs);
    return () => clearInterval(timer);
  }, [now, everyMs]);
  return now.value;
}
