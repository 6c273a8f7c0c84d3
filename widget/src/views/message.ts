/** One line of the conversation: a bubble with what belongs to it, or a note. */

import { html, nothing, type TemplateResult } from "lit";
import type { Line, Note, Said } from "../conversation.js";
import { safeAddress, withLinks } from "../links.js";
import { clock, fill, longDate } from "../strings.js";
import type { Message, SourceLink } from "../wire.js";
import { bellIcon, personIcon } from "./icons.js";
import type { View } from "./view.js";

export const lineView = (line: Line, view: View): TemplateResult =>
  line.kind === "note" ? note(line, view) : said(line, view);

/** A bubble of the assistant without a message of the server behind it. */
export const greeting = (view: View): TemplateResult => html`
  <div class="line assistant">
    <span class="avatar">${bellIcon}</span>
    <div class="bubble"><p class="text" dir="auto">${view.greeting}</p></div>
  </div>
`;

function said(line: Said, view: View): TemplateResult {
  const { message } = line;
  const { strings } = view;
  const author = { customer: strings.you, assistant: strings.assistant, person: message.name ?? strings.person };
  return html`
    <div class="line ${message.author} ${line.delivery}">
      ${avatar(message)}
      <div class="column">
        ${message.author === "person" ? html`<p class="name" aria-hidden="true">${author.person}</p>` : nothing}
        <div class="bubble">
          <span class="for-screen-readers">${author[message.author]}: </span>
          <p class="text" dir="auto">${text(message)}</p>
          ${message.sources.length ? sources(message, view) : nothing}
        </div>
        ${line.delivery === "failed" ? notSent(line, view) : nothing}
        ${message.status === "answered" ? nothing : failedReply(line, view)} ${foot(message, view)}
      </div>
    </div>
  `;
}

function avatar(message: Message) {
  if (message.author === "customer") return nothing;
  return html`<span class="avatar">${message.author === "person" ? personIcon : bellIcon}</span>`;
}

const text = (message: Message) =>
  withLinks(message.text).map((piece) => (piece.href ? link(piece.href, piece.text) : piece.text));

const link = (href: string, words: string) =>
  html`<a href=${href} dir="auto" target="_blank" rel="noopener noreferrer nofollow">${words}</a>`;

function sources(message: Message, view: View) {
  const { strings } = view;
  return html`
    <div class="evidence">
      ${label(message, view)}
      <ul class="sources" aria-label=${strings.sources}>
        ${message.sources.map((source) => html`<li>${sourceLink(source)} ${updated(source, view)}</li>`)}
      </ul>
    </div>
  `;
}

function label(message: Message, { strings }: View) {
  if (message.decision === "reviewed" || message.decision === "curated")
    return html`<p class="label reviewed">${strings.reviewed}</p>`;
  if (message.decision === "draft") return html`<p class="label">${strings.drafted}</p>`;
  return nothing;
}

function sourceLink(source: SourceLink) {
  const href = safeAddress(source.url);
  return href ? link(href, source.title) : html`<span dir="auto">${source.title}</span>`;
}

function updated(source: SourceLink, view: View) {
  const date = longDate(source.updated_at, view.language);
  return date ? html`<span class="updated">${fill(view.strings.updated, { date })}</span>` : nothing;
}

function notSent(line: Said, view: View) {
  const { strings } = view;
  const own = { unreachable: strings.unreachable, busy: strings.busy, unanswered: strings.noReply, refused: "" };
  const why = line.problem || own[line.failure ?? "refused"];
  const seconds = Math.ceil((line.notBefore - Date.now()) / 1000);
  return html`
    <div class="not-sent">
      <p>${line.failure === "unanswered" ? nothing : html`<strong>${strings.notSent}.</strong> `}${why}</p>
      ${line.failure === "refused"
        ? nothing
        : html`<button
            type="button"
            class="small"
            aria-live="off"
            ?disabled=${seconds > 0}
            @click=${() => view.chat.again(line)}
          >
            ${seconds > 0 ? fill(strings.retryIn, { seconds }) : strings.retry}
          </button>`}
    </div>
  `;
}

function failedReply(line: Said, view: View) {
  const { strings } = view;
  return html`
    <div class="not-sent">
      ${view.chat.conversation.last === line && !line.message.form
        ? html`<button type="button" class="small" @click=${() => view.chat.askAgain(line)}>${strings.tryAgain}</button>`
        : nothing}
      <small class="turn">${fill(strings.turn, { turn: line.message.turn_id ?? "" })}</small>
    </div>
  `;
}

/** Not read out with every reply: the thumbs say who they are when one comes to them. */
function foot(message: Message, view: View) {
  const { turn_id: turn } = message;
  const time = html`<time datetime=${message.at}>${clock(message.at, view.language)}</time>`;
  const rated = message.author === "assistant" && message.status === "answered" && turn;
  return html`
    <div class="foot" aria-live="off">
      ${time}
      ${rated
        ? html`<frontdesk-rating
            .strings=${view.strings}
            .turn=${turn}
            .rating=${message.rating}
            .rate=${view.chat.rate.bind(view.chat, turn)}
            .takeBack=${view.chat.takeRatingBack.bind(view.chat, turn)}
          ></frontdesk-rating>`
        : nothing}
    </div>
  `;
}

function note({ person }: Note, { strings }: View): TemplateResult {
  const sentence = { asked: strings.personAsked, joined: strings.personJoined, left: strings.personLeft };
  return html`<p class="note">${fill(sentence[person.state], { name: person.name ?? strings.personUnnamed })}</p>`;
}
