/** `<frontdesk-chat>`: the launcher, the panel, and what the host page can set and call. README.md lists both. */

import { html, LitElement, nothing, type PropertyValues } from "lit";
import { property, query, state } from "lit/decorators.js";
import { Chat } from "./chat.js";
import { keepFocusInside } from "./focus.js";
import { directionOf, languageOf } from "./language.js";
import { DEFAULT_SERVER } from "./origin.js";
import { Scroller } from "./scroll.js";
import { spoken, type Strings, stringsFor } from "./strings.js";
import { styles } from "./styles.js";
import type { FrontdeskComposer } from "./views/composer.js";
import { personIcon } from "./views/icons.js";
import { launcher } from "./views/launcher.js";
import { chips, confirmStartOver, connectionNotice, header, messageLog } from "./views/panel.js";
import type { FrontdeskForm } from "./views/ticket-form.js";
import type { View } from "./views/view.js";
import type { Form, Message } from "./wire.js";

/** What the dialogue takes for "stop asking me this". */
const CANCEL = "cancel";
const PHONE = "(max-width: 480px)";

export class FrontdeskChat extends LitElement {
  static override styles = styles;

  @property() server = DEFAULT_SERVER;
  @property() heading: string | null = null;
  @property() greeting: string | null = null;
  @property({ type: Array }) suggestions: string[] | null = null;
  @property() identity: string | null = null;
  @property({ reflect: true }) theme: "auto" | "light" | "dark" = "auto";
  @property({ reflect: true }) position: "end" | "start" = "end";
  @property({ type: Object }) strings: Partial<Strings> | null = null;

  @state() private opened = false;
  @state() private startingOver = false;
  @state() private trouble = "";
  @query(".launcher") private readonly launcherButton!: HTMLButtonElement;
  @query(".panel") private readonly panel!: HTMLElement | null;
  @query(".scroll") private readonly scrolled!: HTMLElement | null;
  @query("frontdesk-composer") private readonly composer!: FrontdeskComposer | null;
  @query("frontdesk-form") private readonly form!: FrontdeskForm | null;
  @query(".confirm .quiet") private readonly keepButton!: HTMLButtonElement | null;

  private chat!: Chat;
  private readonly phone = matchMedia(PHONE);
  private readonly scroller = new Scroller();
  /** What was typed into the ticket form, kept while the server asks again. */
  private readonly drafts = new Map<string, string>();
  /** The panel is made at the first opening and hidden afterwards: what was typed stays. */
  private made = false;
  private formShown: Form | null = null;

  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, "lang", "dir"];
  }

  override attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    super.attributeChangedCallback(name, before, after);
    if (name === "lang" || name === "dir") this.requestUpdate();
  }

  /** Opens the panel and moves the focus into it. */
  open(): void {
    this.show();
    void this.updateComplete.then(() => (this.form ? this.form.focus() : this.settleFocus()));
    this.dispatchEvent(new CustomEvent("frontdesk-open", { bubbles: true, composed: true }));
  }

  /** Closes the panel; the focus returns to the launcher. */
  close(): void {
    if (!this.opened) return;
    const focused = this.shadowRoot?.activeElement;
    this.opened = false;
    this.chat.memory.open = false;
    if (focused) void this.updateComplete.then(() => this.launcherButton.focus());
  }

  private toggle(): void {
    if (this.opened) this.close();
    else this.open();
  }

  /** Says something in the customer's name. */
  say(text: string): void {
    if (!this.opened) this.open();
    this.chat.say(text);
    this.scroller.toEnd();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.phone.addEventListener("change", this.redraw);
    if (this.hasUpdated) this.meetServer();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.phone.removeEventListener("change", this.redraw);
    this.chat.stop();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("server")) this.meetServer();
    else if (changed.has("identity") && this.chat.phase === "ready") this.chat.begin(true).catch(() => {});
    if (this.opened && !document.hidden) this.chat.markSeen();
    const last = this.chat.conversation.last;
    const over = last && last.message.author !== "customer" && last.message.status === "answered";
    if (over && !last.message.form) this.drafts.clear();
  }

  protected override render() {
    const view = this.view;
    return html`
      <div class="frontdesk ${this.opened ? "open" : ""}" dir=${directionOf(this)} lang=${spoken(view.language)}>
        ${this.made ? this.panelView(view) : nothing} ${launcher(view, { opened: this.opened, controls: this.made, press: () => this.toggle() })}
      </div>
    `;
  }

  protected override firstUpdated(): void {
    performance.mark("frontdesk-ready");
    this.dispatchEvent(new CustomEvent("frontdesk-ready", { bubbles: true, composed: true }));
  }

  protected override updated(): void {
    if (this.scrolled) this.scroller.watch(this.scrolled);
    const form = this.activeForm;
    const inside = this.shadowRoot?.activeElement;
    // A form is what comes next: who is in the panel and has typed nothing is taken to its first error or field.
    if (form && form.token !== this.formShown?.token && inside && !this.typing) {
      void this.form?.updateComplete.then(() => this.form?.focus());
    }
    this.formShown = form;
  }

  private panelView(view: View) {
    const actions = { startOver: () => void this.askToStartOver(), close: () => this.close() };
    return html`
      <section
        class="panel"
        id="panel"
        role="dialog"
        aria-labelledby="panel-title"
        aria-modal=${this.phone.matches && this.opened ? "true" : nothing}
        ?hidden=${!this.opened}
        @keydown=${this.keyPressed}
      >
        ${header(view, actions)} ${connectionNotice(view)}
        <div class="scroll" role="region" aria-label=${view.strings.conversation} tabindex="0">
          <div class="lines">${messageLog(view, () => void this.showEarlier())} ${this.next(view)}</div>
        </div>
        ${this.startingOver ? confirmStartOver(view, () => void this.startOver(), () => this.keep()) : nothing}
        <p class="trouble" role="status" ?hidden=${!this.trouble}>${this.trouble}</p>
        <div class="footer" ?hidden=${this.startingOver}>
          <frontdesk-composer .strings=${view.strings} .send=${this.send}></frontdesk-composer>
          ${view.chat.conversation.person ? nothing : this.personButton(view)}
        </div>
      </section>
    `;
  }

  /** What the customer may press next; outside the log, for it goes away when it was used. */
  private next({ strings, chat, suggestions }: View) {
    const { lines, last } = chat.conversation;
    if (!lines.length) return chips(strings.suggestions, suggestions, (index) => this.send(suggestions[index] ?? ""));
    const form = this.activeForm;
    if (form) {
      return html`<frontdesk-form
        .strings=${strings}
        .form=${form}
        .drafts=${this.drafts}
        .submitForm=${(values: Record<string, string>) => this.submit(form, values)}
        .cancel=${() => this.send(CANCEL)}
      ></frontdesk-form>`;
    }
    const buttons = last?.message.buttons ?? [];
    return chips(
      strings.quickReplies,
      buttons.map((button) => button.title),
      (index) => {
        const button = buttons[index];
        if (button) chat.press(button);
        this.sent();
      },
    );
  }

  private personButton({ strings, chat }: View) {
    return html`
      <button
        type="button"
        class="to-person"
        @click=${() => {
          chat.talkToPerson(strings.wantPerson);
          this.sent();
        }}
      >
        ${personIcon}<span>${strings.talkToPerson}</span>
      </button>
    `;
  }

  private readonly send = (text: string): void => {
    this.chat.say(text);
    this.sent();
  };

  private submit(form: Form, values: Record<string, string>): void {
    this.chat.submit(form, values);
    this.sent();
  }

  /** What was pressed is gone with the next drawing; the focus must not be. */
  private sent(): void {
    this.trouble = "";
    this.scroller.toEnd();
    this.settleFocus();
  }

  /** Where one types; on a phone that would bring up the keyboard, over half of what there is to read. */
  private settleFocus(): void {
    if (!this.phone.matches) this.composer?.focus();
    else if (!this.typing && !this.composer?.contains(this.shadowRoot?.activeElement ?? null)) this.scrolled?.focus();
  }

  private async showEarlier(): Promise<void> {
    await this.scroller.keepingPlace(async () => {
      await this.chat.earlier().catch(() => (this.trouble = this.view.strings.failed));
      await this.updateComplete;
    });
  }

  private async askToStartOver(): Promise<void> {
    this.startingOver = true;
    await this.updateComplete;
    this.keepButton?.focus();
  }

  private keep(): void {
    this.startingOver = false;
    void this.updateComplete.then(() => this.settleFocus());
  }

  private async startOver(): Promise<void> {
    this.keep();
    this.drafts.clear();
    this.trouble = "";
    await this.chat.startOver().catch(() => (this.trouble = this.view.strings.failed));
  }

  private show(): void {
    this.made = true;
    this.opened = true;
    this.chat.memory.open = true;
    this.chat.start();
    this.scroller.toEnd();
  }

  private meetServer(): void {
    this.chat?.stop();
    const server = new URL(this.server || DEFAULT_SERVER, location.href).href.replace(/\/+$/, "");
    this.chat = new Chat(server, {
      changed: this.redraw,
      reply: (message) => this.replied(message),
      identity: () => this.identity,
    });
    if (this.chat.memory.open) this.show();
    // A page load costs no call as long as nothing was said.
    else if (this.chat.memory.recall()?.begun || this.chat.conversation.unsent.length) this.chat.start();
  }

  private replied(message: Message): void {
    this.dispatchEvent(new CustomEvent("frontdesk-reply", { detail: message, bubbles: true, composed: true }));
  }

  private readonly redraw = (): void => this.requestUpdate();

  private readonly keyPressed = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      if (this.startingOver) this.keep();
      else this.close();
    } else if (event.key === "Tab" && this.phone.matches && this.panel) {
      keepFocusInside(this.panel, event);
    }
  };

  private get typing(): boolean {
    return Boolean(this.composer?.querySelector("textarea")?.value);
  }

  private get activeForm(): Form | null {
    return this.chat.conversation.last?.message.form ?? null;
  }

  private get view(): View {
    const language = languageOf(this);
    const strings = stringsFor(language, this.strings ?? {});
    return {
      chat: this.chat,
      strings,
      language,
      heading: this.heading ?? strings.heading,
      greeting: this.greeting ?? strings.greeting,
      suggestions: Array.isArray(this.suggestions) ? this.suggestions.map(String) : [],
    };
  }
}
