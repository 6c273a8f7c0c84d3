/** The parts of the open chat that keep no state of their own. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { bellIcon, closeIcon, newIcon, personIcon } from "./icons.js";
import { greeting, lineView } from "./message.js";
import type { View } from "./view.js";

export interface HeaderActions {
  startOver(): void;
  close(): void;
}

export function header(view: View, actions: HeaderActions): TemplateResult {
  const { strings, chat } = view;
  const { person, lines } = chat.conversation;
  return html`
    <div class="header">
      <span class="avatar large">${person?.state === "joined" ? personIcon : bellIcon}</span>
      <div class="titles">
        <h2 id="panel-title">${view.heading}</h2>
        ${person?.state === "joined" ? html`<p class="with">${person.name ?? strings.personUnnamed}</p>` : nothing}
      </div>
      <button
        type="button"
        class="icon-button"
        aria-label=${strings.newConversation}
        title=${strings.newConversation}
        ?hidden=${lines.length === 0}
        @click=${actions.startOver}
      >
        ${newIcon}
      </button>
      <button type="button" class="icon-button" aria-label=${strings.close} title=${strings.close} @click=${actions.close}>
        ${closeIcon}
      </button>
    </div>
  `;
}

/** Why nothing moves, if nothing does. */
export function connectionNotice({ chat, strings }: View): TemplateResult {
  const words =
    chat.phase === "refused"
      ? chat.refusal || strings.refused
      : { fine: "", offline: strings.offline, broken: strings.reconnecting }[chat.connection];
  return html`<div class="connection" role="status">${words ? html`<p>${words}</p>` : nothing}</div>`;
}

/** A live region: what is added is read out. Filled for the first time it is busy, or it would read out all of it. */
export function messageLog(view: View, showEarlier: () => void): TemplateResult {
  const { chat, strings } = view;
  const { lines, more } = chat.conversation;
  return html`
    ${more ? html`<button type="button" class="small earlier" @click=${showEarlier}>${strings.earlier}</button>` : nothing}
    <div class="log" role="log" aria-label=${strings.conversation} aria-busy=${chat.phase === "ready" ? "false" : "true"}>
      ${more ? nothing : greeting(view)}
      ${repeat(
        lines,
        (line) => line.uid,
        (line) => lineView(line, view),
      )}
    </div>
    ${typing(view)}
  `;
}

function typing({ chat, strings }: View): TemplateResult {
  const { thinking, awaiting, person } = chat.conversation;
  const busy = (thinking || awaiting !== null) && person?.state !== "joined";
  return html`
    <div role="status">
      ${busy
        ? html`<div class="line assistant">
            <span class="avatar">${bellIcon}</span>
            <div class="bubble dots">
              <span class="for-screen-readers">${strings.thinking}</span>
              <i aria-hidden="true"></i><i aria-hidden="true"></i><i aria-hidden="true"></i>
            </div>
          </div>`
        : nothing}
    </div>
  `;
}

/** Buttons to press instead of typing: starting questions, or the quick replies of the last message. */
export function chips(label: string, titles: readonly string[], press: (index: number) => void) {
  if (!titles.length) return nothing;
  return html`
    <div class="chips" role="group" aria-label=${label}>
      ${titles.map(
        (title, index) => html`<button type="button" class="chip" dir="auto" @click=${() => press(index)}>${title}</button>`,
      )}
    </div>
  `;
}

export function confirmStartOver(view: View, begin: () => void, keep: () => void): TemplateResult {
  const { strings } = view;
  return html`
    <div class="confirm" role="group" aria-labelledby="confirm-question">
      <p id="confirm-question">${strings.startOverQuestion}</p>
      <div class="actions">
        <button type="button" class="primary" @click=${begin}>${strings.startOver}</button>
        <button type="button" class="quiet" @click=${keep}>${strings.keep}</button>
      </div>
    </div>
  `;
}
