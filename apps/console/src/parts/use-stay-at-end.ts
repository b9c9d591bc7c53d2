import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** Closer to the end than this is at the end: scroll positions have fractions. */
const NEAR = 4;

/**
 * A list that scrolls stays at its end, if it was there, when it gets more to show or less room to show it in. It goes
 * there in any case when `last` is another one.
 */
export function useStayAtEnd(list: RefObject<HTMLElement | null>, last: unknown): void {
  const isAtEnd = useRef(true);
  /** Where this put it: when that is told of, there may be less room again already, and nobody has scrolled. */
  const put = useRef(0);
  const stay = () => {
    const element = list.current;
    if (!isAtEnd.current || !element) return;
    element.scrollTop = element.scrollHeight;
    put.current = element.scrollTop;
  };
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const onScroll = () => {
      if (element.scrollTop === put.current) return;
      isAtEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - NEAR;
    };
    const observer = new ResizeObserver(stay);
    element.addEventListener('scroll', onScroll);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', onScroll);
      observer.disconnect();
    };
  }, []);
  useLayoutEffect(() => {
    isAtEnd.current = true;
    stay();
  }, [last]);
  // Whatever else has changed: a message that was edited may have another line.
  useLayoutEffect(stay);
}
