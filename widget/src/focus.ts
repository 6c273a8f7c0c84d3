const FOCUSABLE = 'button:not([disabled]), [href], input, select, textarea, [tabindex="0"]';

/** Tab after the last control goes on at the first, and the other way round: what fills the screen must not be left by Tab. */
export function keepFocusInside(panel: HTMLElement, event: KeyboardEvent): void {
  const controls = [...panel.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((control) => control.offsetParent !== null);
  const [first, last] = [controls[0], controls.at(-1)];
  const focused = (panel.getRootNode() as ShadowRoot).activeElement;
  if (!event.shiftKey && focused === last) {
    event.preventDefault();
    first?.focus();
  } else if (event.shiftKey && focused === first) {
    event.preventDefault();
    last?.focus();
  }
}
