import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { now } from '../wire/frame-log.js';

/** The time in milliseconds since 1970, anew every so often, for what says how long ago something was. */
export function useNow(everyMs: number): number {
  const shown = useSignal(now());
  useEffect(() => {
    const timer = setInterval(() => {
      shown.value = now();
    }, everyMs);
    return () => clearInterval(timer);
  }, [shown, everyMs]);
  return shown.value;
}
