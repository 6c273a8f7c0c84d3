/** Thumbs up and down below a reply, and the reasons for a thumb down. */

import { html, LitElement, nothing } from "lit";
import { property, query, state } from "lit/decorators.js";
import { en } from "../strings/en.js";
import type { Strings } from "../strings.js";
import { REASONS, type Reason, type Thumb } from "../wire.js";
import { thumbDownIcon, thumbUpIcon } from "./icons.js";

const LABELS = {
  wrong: "reasonWrong",
  incomplete: "reasonIncomplete",
  outdated: "reasonOutdated",
  unclear: "reasonUnclear",
  other: "reasonOther",
} as const satisfies Record<Reason, keyof Strings>;

const MAX_COMMENT_CHARS = 1000;

export class FrontdeskRating extends LitElement {
  @property({ attribute: false }) strings: Strings = en;
  @property() turn = "";
  @property({ attribute: false }) rating: Thumb | null = null;
  @property({ attribute: false }) rate: (value: Thumb, reason?: Reason, comment?: string) => Promise<boolean> =
    async () => false;
  @property({ attribute: false }) takeBack: () => Promise<boolean> = async () => false;
  @state() private asking = false;
  @state() private said = "";
  private formShown = false;
  @query("form") private readonly form!: HTMLFormElement | null;
  @query(".thumb-down") private readonly thumbDown!: HTMLButtonElement;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render() {
    return html`
      <div class="thumbs">
        ${this.thumb("up", this.strings.helpful)} ${this.thumb("down", this.strings.notHelpful)}
        <span class="thanks" role="status">${this.said}</span>
      </div>
      ${this.asking && this.rating === "down" ? this.reasons() : nothing}
    `;
  }

  /** The reasons come with the drawing after the one in which the thumb was pressed: the page sets `rating` first. */
  protected override updated(): void {
    const { form } = this;
    if (form && !this.formShown) {
      form.querySelector("input")?.focus();
      form.scrollIntoView({ block: "nearest" });
    }
    this.formShown = form !== null;
  }

  private thumb(value: Thumb, label: string) {
    return html`
      <button
        type="button"
        class="thumb thumb-${value}"
        aria-label=${label}
        title=${label}
        aria-pressed=${this.rating === value ? "true" : "false"}
        aria-expanded=${value === "down" ? String(this.asking && this.rating === "down") : nothing}
        @click=${() => this.pressed(value)}
      >
        ${value === "up" ? thumbUpIcon : thumbDownIcon}
      </button>
    `;
  }

  private reasons() {
    const { strings } = this;
    return html`
      <form class="reasons" @submit=${this.explained}>
        <fieldset>
          <legend>${strings.whatWasWrong}</legend>
          ${REASONS.map(
            (reason) => html`
              <label class="reason">
                <input type="radio" name="reason" value=${reason} required />
                <span>${strings[LABELS[reason]]}</span>
              </label>
            `,
          )}
        </fieldset>
        <label class="field">
          <span>${strings.comment}</span>
          <textarea name="comment" rows="2" dir="auto" maxlength=${MAX_COMMENT_CHARS}></textarea>
        </label>
        <div class="actions">
          <button type="submit" class="primary">${strings.sendFeedback}</button>
          <button type="button" class="quiet" @click=${this.stopAsking}>${strings.cancel}</button>
        </div>
      </form>
    `;
  }

  private async pressed(value: Thumb): Promise<void> {
    this.said = "";
    if (this.rating === value) {
      this.asking = false;
      if (!(await this.takeBack())) this.said = this.strings.failed;
      return;
    }
    // The thumb counts at once, also when no reason follows.
    this.asking = value === "down";
    if (!(await this.rate(value))) this.said = this.strings.failed;
    else if (value === "up") this.said = this.strings.thanks;
  }

  private async explained(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const stored = await this.rate("down", given.get("reason") as Reason, String(given.get("comment") ?? "").trim());
    this.said = stored ? this.strings.thanks : this.strings.failed;
    if (stored) this.stopAsking();
  }

  private stopAsking(): void {
    this.asking = false;
    this.thumbDown.focus();
  }
}
