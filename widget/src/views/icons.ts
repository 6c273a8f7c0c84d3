/** The drawings; all decoration, the names are on the buttons. */

import { svg } from "lit";

export const chatIcon = svg`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
  <path d="M5.5 4h13A2.5 2.5 0 0 1 21 6.5v8a2.5 2.5 0 0 1-2.5 2.5h-6.2l-4.5 3.7c-.5.4-1.3 0-1.3-.7V17h-1A2.5 2.5 0 0 1 3 14.5v-8A2.5 2.5 0 0 1 5.5 4Z" fill="currentColor"/>
  <g class="icon-dots"><circle cx="8.3" cy="10.5" r="1.2"/><circle cx="12" cy="10.5" r="1.2"/><circle cx="15.7" cy="10.5" r="1.2"/></g>
</svg>`;

/** The bell on a reception desk. */
export const bellIcon = svg`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
  <path d="M11 5.07V4.5h-.8a1 1 0 1 1 0-2h3.6a1 1 0 1 1 0 2H13v.57A8 8 0 0 1 20 13v1.5H4V13a8 8 0 0 1 7-7.93Z" fill="currentColor"/>
  <path class="icon-accent" d="M3.5 16.5h17a1 1 0 0 1 1 1v1a1 1 0 0 1-1 1h-17a1 1 0 0 1-1-1v-1a1 1 0 0 1 1-1Z"/>
</svg>`;

const line = (path: string) => svg`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
  <path d=${path} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>
</svg>`;

export const closeIcon = line("M6 6l12 12M18 6L6 18");
export const downIcon = line("M5 9l7 7 7-7");
export const newIcon = line("M12 5H6.5A1.5 1.5 0 0 0 5 6.5v11A1.5 1.5 0 0 0 6.5 19h11a1.5 1.5 0 0 0 1.5-1.5V12M10 14l.7-3L18 3.7a1.6 1.6 0 0 1 2.3 2.3L13 13.3z");
export const sendIcon = line("M5 12h14M13 6l6 6-6 6");
export const thumbUpIcon = line("M7 11v9H4.5v-9H7Zm0 0 4-8a2.5 2.5 0 0 1 2.3 2.5V9h5.2a2 2 0 0 1 2 2.3l-1.1 6.9a2 2 0 0 1-2 1.8H7");
export const thumbDownIcon = line("M17 13V4h2.5v9H17Zm0 0-4 8a2.5 2.5 0 0 1-2.3-2.5V15H5.5a2 2 0 0 1-2-2.3l1.1-6.9a2 2 0 0 1 2-1.8H17");
export const personIcon = line("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8c.5-3.5 3.5-5.5 7.5-5.5s7 2 7.5 5.5");
