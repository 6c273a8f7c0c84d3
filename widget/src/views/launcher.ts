/** The round button in the corner, with the count of what is unread. */

import { html, nothing, type TemplateResult } from "lit";
import { fill } from "../strings.js";
import { chatIcon, downIcon } from "./icons.js";
import type { View } from "./view.js";

export interface LauncherState {
  opened: boolean;
  /** The panel is in the page. */
  controls: boolean;
  press(): void;
}

export function launcher({ strings, chat }: View, { opened, controls, press }: LauncherState): TemplateResult {
  const count = opened ? 0 : chat.conversation.unread;
  const label = opened ? strings.close : fill(count ? strings.openUnread : strings.open, { count });
  return html`
    <button
      type="button"
      class="launcher"
      aria-label=${label}
      aria-expanded=${String(opened)}
      aria-controls=${controls ? "panel" : nothing}
      @click=${press}
    >
      ${opened ? downIcon : chatIcon}
      ${count ? html`<span class="badge" aria-hidden="true">${count > 9 ? "9+" : count}</span>` : nothing}
    </button>
  `;
}
