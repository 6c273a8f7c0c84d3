/** Where the customer writes. Enter sends, Shift+Enter begins a new line. */

import { html, LitElement, nothing, type PropertyValues } from "lit";
import { property, query, state } from "lit/decorators.js";
import { en } from "../strings/en.js";
import { fill, type Strings } from "../strings.js";
import { MAX_CHARS } from "../wire.js";
import { sendIcon } from "./icons.js";

const COUNT_FROM = 3600;

export class FrontdeskComposer extends LitElement {
  @property({ attribute: false }) strings: Strings = en;
  @property({ attribute: false }) send: (text: string) => void = () => {};
  @state() private text = "";
  @query("textarea") private readonly area!: HTMLTextAreaElement;

  /** In the panel's own tree, for its styles and its labels. */
  protected override createRenderRoot(): this {
    return this;
  }

  override focus(): void {
    this.area.focus();
  }

  protected override render() {
    const left = MAX_CHARS - this.length;
    const { strings } = this;
    const words =
      left < 0
        ? fill(strings.tooLong, { limit: MAX_CHARS, count: -left })
        : fill(strings.charactersLeft, { count: left });
    return html`
      <form class="composer" @submit=${this.submitted}>
        <textarea
          rows="1"
          dir=${this.text ? "auto" : nothing}
          .value=${this.text}
          aria-label=${strings.write}
          placeholder=${strings.write}
          aria-describedby="composer-count"
          aria-invalid=${left < 0 ? "true" : nothing}
          enterkeyhint="send"
          @input=${this.typed}
          @keydown=${this.keyPressed}
        ></textarea>
        <button class="send" type="submit" aria-label=${strings.send} aria-disabled=${this.ready ? "false" : "true"}>
          ${sendIcon}
        </button>
      </form>
      <p class="count ${left < 0 ? "too-long" : ""}" id="composer-count" ?hidden=${this.length < COUNT_FROM}>${words}</p>
      <p class="for-screen-readers" role="status">${left < 0 ? words : nothing}</p>
    `;
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("text" as never)) return;
    this.area.style.height = "auto";
    if (this.text) this.area.style.height = `${this.area.scrollHeight + 2}px`;
  }

  /** As the server counts: an emoji is one. */
  private get length(): number {
    return [...this.text].length;
  }

  private get ready(): boolean {
    return this.text.trim() !== "" && this.length <= MAX_CHARS;
  }

  private typed(): void {
    this.text = this.area.value;
  }

  private keyPressed(event: KeyboardEvent): void {
    // While a word is being composed (Japanese, Chinese …), Enter takes the word; Safari says so by code 229 alone.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    this.submitted(event);
  }

  private submitted(event: Event): void {
    event.preventDefault();
    if (!this.ready) return;
    this.send(this.text.trim());
    this.text = "";
    this.area.focus();
  }
}
