/** One visitor's chat: puts together session, event stream, outbox and conversation, and follows the connection. */

import { ChatApi, Refused } from "./api.js";
import { type BrowserListener, listenToBrowser } from "./browser.js";
import { Conversation, isReply, type Said } from "./conversation.js";
import { EventStream, pause } from "./events.js";
import { newKey } from "./key.js";
import { Memory } from "./memory.js";
import { BUSY_SECONDS, Outbox } from "./outbox.js";
import { SessionKeeper } from "./session.js";
import type { ChatEvent, Form, Message, QuickReply, Reason, Thumb } from "./wire.js";

const NOTICE_SECONDS = 2;

export interface Page {
  changed(): void;
  reply(message: Message): void;
  /** The host page's token for its logged-in customer. */
  identity(): string | null;
}

export class Chat implements BrowserListener {
  readonly conversation = new Conversation();
  phase: "idle" | "beginning" | "ready" | "refused" = "idle";
  connection: "fine" | "offline" | "broken" = "fine";
  /** Why the server won't talk to this page. */
  refusal = "";
  readonly memory: Memory;
  private readonly api: ChatApi;
  private readonly session: SessionKeeper;
  private readonly stream: EventStream;
  private readonly outbox: Outbox;
  private beginning: Promise<void> | null = null;
  private attempts = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private stopListening: (() => void) | null = null;

  constructor(
    server: string,
    private readonly page: Page,
  ) {
    this.api = new ChatApi(server);
    this.memory = new Memory(server);
    this.session = new SessionKeeper(this.api, this.memory, () => page.identity());
    this.stream = new EventStream(this.api, {
      newest: () => this.conversation.newest,
      event: (event) => this.happened(event),
      opened: () => this.connected(),
      broken: () => this.disconnected(),
      sessionOver: () => this.begin(true),
    });
    this.outbox = new Outbox(this.conversation, this.api, {
      streaming: () => this.stream.connected,
      authorised: (call) => this.begin().then(() => this.authorised(call)),
      replied: (message) => this.replied(message),
      changed: () => this.changed(),
    });
    this.conversation.seen = this.memory.recall()?.seen ?? 0;
    this.outbox.restore(this.memory.unsent);
  }

  /** Contact the server, and stay in contact. */
  start(): void {
    this.stopListening ??= listenToBrowser(this.memory.key, this);
    if (!navigator.onLine) this.connection = "offline";
    if (this.phase === "idle") this.begin().catch(() => {});
  }

  stop(): void {
    this.stopListening?.();
    this.stopListening = null;
    clearTimeout(this.retry);
    this.outbox.stop();
    this.stream.stop();
  }

  say(text: string): void {
    this.outbox.send({ key: newKey(), text });
  }

  press(button: QuickReply): void {
    this.outbox.send({ key: newKey(), text: button.title, button: button.token });
  }

  submit(form: Form, values: Record<string, string>): void {
    this.outbox.send({ key: newKey(), text: "", form: { token: form.token, values } });
  }

  talkToPerson(shown: string): void {
    if (this.conversation.unsent.some((outgoing) => outgoing.person)) return;
    this.outbox.send({ key: newKey(), text: shown, person: true });
  }

  /** The same message again, with the same key. */
  again(line: Said): void {
    this.outbox.again(line);
  }

  /** The same question as a new message. */
  askAgain(line: Said): void {
    const text = this.conversation.askedBefore(line);
    if (text) this.say(text);
  }

  async rate(turn: string, value: Thumb, reason?: Reason, comment?: string): Promise<boolean> {
    return this.rating(turn, value, () => this.api.rate(turn, value, reason, comment));
  }

  async takeRatingBack(turn: string): Promise<boolean> {
    return this.rating(turn, null, () => this.api.takeRatingBack(turn));
  }

  async earlier(): Promise<void> {
    const history = await this.authorised(() => this.api.history(this.conversation.oldest));
    this.conversation.earlier(history);
    this.page.changed();
  }

  /** Ends this conversation and begins another. */
  async startOver(): Promise<void> {
    this.stream.stop();
    try {
      await this.api.end();
    } catch (problem) {
      // Over already is as good.
      if (!(problem instanceof Refused && problem.status === 401)) {
        this.stream.start();
        throw problem;
      }
    }
    this.session.forget();
    this.conversation.lines = [];
    await this.begin(true);
  }

  /** The customer sees all there is. */
  markSeen(): void {
    const newest = this.conversation.newest;
    if (newest <= this.conversation.seen) return;
    this.conversation.seen = newest;
    this.session.seen(newest);
  }

  /** Begin or resume; all who need the session wait for the same call. */
  begin(anew = false): Promise<void> {
    if (this.phase === "ready" && !anew) return Promise.resolve();
    this.beginning ??= this.beginOnce().finally(() => (this.beginning = null));
    return this.beginning;
  }

  private async beginOnce(): Promise<void> {
    clearTimeout(this.retry);
    if (this.phase !== "ready") this.phase = "beginning";
    this.page.changed();
    try {
      await this.resume();
    } catch (problem) {
      this.notBegun(problem);
      throw problem;
    }
    this.attempts = 0;
    this.phase = "ready";
    this.stream.start();
    this.page.changed();
  }

  private async resume(): Promise<void> {
    const { session, same } = await this.session.beginOrResume();
    if (!same) {
      this.conversation.seen = 0;
      this.stream.stop(); // it may still be open for the conversation before
    }
    this.conversation.load(session, session.person);
  }

  private notBegun(problem: unknown): void {
    const refused = problem instanceof Refused;
    if (refused && problem.status < 429) {
      this.phase = "refused";
      this.refusal = problem.message;
    } else {
      this.connection = navigator.onLine ? "broken" : "offline";
      const wanted = refused ? (problem.retryAfter ?? BUSY_SECONDS) * 1000 : 0;
      this.retry = setTimeout(() => void this.begin(true).catch(() => {}), Math.max(wanted, pause(this.attempts++)));
    }
    this.page.changed();
  }

  /** A token that is worth nothing is replaced once. */
  private async authorised<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (problem) {
      if (!(problem instanceof Refused && problem.status === 401)) throw problem;
    }
    await this.begin(true);
    return call();
  }

  private async rating(turn: string, value: Thumb | null, call: () => Promise<void>): Promise<boolean> {
    const before = this.conversation.said.find(({ message }) => message.turn_id === turn)?.message.rating ?? null;
    this.conversation.rated(turn, value);
    this.page.changed();
    try {
      await this.authorised(call);
      return true;
    } catch {
      this.conversation.rated(turn, before);
      this.page.changed();
      return false;
    }
  }

  private happened(event: ChatEvent): void {
    const { conversation } = this;
    switch (event.kind) {
      case "received":
      case "reply":
      case "error":
        this.replied(event.data);
        break;
      case "thinking":
        conversation.thinking = true;
        break;
      case "person":
        conversation.personIs(event.data);
        break;
      case "rated":
        conversation.rated(event.data.turn_id, event.data.rating);
    }
    this.changed();
  }

  private replied(message: Message): void {
    const unknown = this.conversation.merge(message);
    this.session.begun();
    if (unknown && isReply(message)) this.page.reply(message);
  }

  private connected(): void {
    this.connection = "fine";
    for (const line of this.conversation.said) {
      const due = line.failure === "busy" && Date.now() >= line.notBefore;
      if (line.failure === "unreachable" || due) this.again(line);
    }
    this.changed();
  }

  private disconnected(): void {
    this.conversation.thinking = false;
    if (!navigator.onLine) this.connection = "offline";
    // A stream that is back in a moment is nothing to tell the customer.
    else if (this.connection === "fine") setTimeout(() => this.stillDisconnected(), NOTICE_SECONDS * 1000);
    this.changed();
  }

  private stillDisconnected(): void {
    if (this.stream.connected || this.connection !== "fine" || !this.stopListening) return;
    this.connection = "broken";
    this.changed();
  }

  private changed(): void {
    this.memory.unsent = this.conversation.unsent;
    this.page.changed();
  }

  // What the browser says; see browser.ts.

  online(): void {
    this.connection = "broken";
    if (this.phase === "ready") this.stream.hurry();
    else void this.begin(true).catch(() => {});
    this.page.changed();
  }

  offline(): void {
    this.connection = "offline";
    this.page.changed();
  }

  leaving(): void {
    this.stream.stop();
  }

  returned(): void {
    if (this.phase === "ready") this.stream.start();
  }

  otherTab(): void {
    if (this.phase !== "ready") return;
    if (this.session.follow()) {
      this.conversation.seen = Math.max(this.conversation.seen, this.memory.recall()?.seen ?? 0);
    } else {
      this.stream.stop();
      this.conversation.lines = [];
      void this.begin(true).catch(() => {});
    }
    this.page.changed();
  }
}
