import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/** From the edges of the window, and from the field. In CSS pixels, as all of this. */
const GAP = 4;
/** Wide enough to read, where the field is not. */
const WIDTH = 352;
/** About ten lines: what is cut off shows that there is more, and that what is around it stays in sight. */
const HEIGHT = 232;

/**
 * Puts a menu below its field, or above it where there is more room, and within the window: over whatever scrolls or is
 * cut off around the field. What has no room in it scrolls.
 */
export function usePlaceAt(
  field: RefObject<HTMLElement | null>,
  menu: RefObject<HTMLElement | null>,
  isOpen: boolean,
): void {
  useLayoutEffect(() => {
    if (!isOpen) return;
    const place = () => {
      if (!field.current || !menu.current) return;
      const { top, bottom, left, width } = field.current.getBoundingClientRect();
      const { clientWidth, clientHeight } = document.documentElement;
      const wide = Math.min(Math.max(width, WIDTH), clientWidth - 2 * GAP);
      const above = top - 2 * GAP;
      const below = clientHeight - bottom - 2 * GAP;
      const isBelow = below >= above || below >= Math.min(menu.current.scrollHeight + GAP, HEIGHT);
      Object.assign(menu.current.style, {
        left: `${Math.max(GAP, Math.min(left, clientWidth - GAP - wide))}px`,
        width: `${wide}px`,
        top: isBelow ? `${bottom + GAP}px` : 'auto',
        bottom: isBelow ? 'auto' : `${clientHeight - top + GAP}px`,
        maxHeight: `${Math.min(isBelow ? below : above, HEIGHT)}px`,
      });
    };
    place();
    // Whatever around it scrolls.
    addEventListener('scroll', place, { capture: true, passive: true });
    addEventListener('resize', place);
    return () => {
      removeEventListener('scroll', place, { capture: true });
      removeEventListener('resize', place);
    };
  });
}
