/** What the customer sends: shown at once, delivered once, and watched until a reply comes. */

import { type ChatApi, Refused } from "./api.js";
import type { Conversation, Said } from "./conversation.js";
import type { Message, Outgoing, WaitedReply } from "./wire.js";

const REPLY_SECONDS = 20;
/** When the server says "busy" but a proxy or the browser hides for how long. */
export const BUSY_SECONDS = 5;

export interface Connection {
  /** Replies come over the event stream; without it they have to be waited for. */
  streaming(): boolean;
  /** Makes a call within a session, a new one if need be. */
  authorised<T>(call: () => Promise<T>): Promise<T>;
  replied(message: Message): void;
  changed(): void;
}

export class Outbox {
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(
    private readonly conversation: Conversation,
    private readonly api: ChatApi,
    private readonly connection: Connection,
  ) {}

  send(outgoing: Outgoing): void {
    this.show(outgoing);
    void this.deliver(outgoing);
  }

  /** The same message again, with the same key. */
  again({ outgoing }: Said): void {
    if (outgoing) void this.deliver(outgoing);
  }

  /** What an earlier page could not send; it goes out when the server is reached. */
  restore(unsent: Outgoing[]): void {
    for (const outgoing of unsent) {
      this.show(outgoing);
      this.conversation.failed(outgoing.key, "unreachable");
    }
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private show(outgoing: Outgoing): void {
    const values = Object.values(outgoing.form?.values ?? {}).filter(Boolean);
    this.conversation.say(outgoing, outgoing.text || values.join(" · "), new Date().toISOString());
  }

  private async deliver(outgoing: Outgoing): Promise<void> {
    const { key } = outgoing;
    const unanswered = this.conversation.byKey(key)?.failure === "unanswered";
    this.conversation.sending(key);
    this.connection.changed();
    try {
      const taken = await this.connection.authorised(() => this.api.say(outgoing, unanswered || !this.connection.streaming()));
      if ("turn_id" in taken) return await this.answered(key, taken);
      this.conversation.taken(taken);
      this.conversation.expectReply(key);
      this.in(REPLY_SECONDS, () => void this.lookForReply(outgoing));
    } catch (problem) {
      this.notSent(key, problem);
    }
    this.connection.changed();
  }

  private notSent(key: string, problem: unknown): void {
    if (!(problem instanceof Refused)) return this.conversation.failed(key, "unreachable");
    const busy = problem.status === 429 || problem.status >= 500;
    const seconds = busy ? (problem.retryAfter ?? (problem.status >= 500 ? 0 : BUSY_SECONDS)) : 0;
    const notBefore = Date.now() + seconds * 1000;
    this.conversation.failed(key, busy ? "busy" : "refused", problem.message, notBefore);
    if (seconds) this.countDown(notBefore);
  }

  private countDown(until: number): void {
    this.in(1, () => {
      this.connection.changed();
      if (Date.now() < until) this.countDown(until);
    });
  }

  /** With `Prefer: wait`: the reply as the history tells it, with sources and form, or else its bare sentence. */
  private async answered(key: string, reply: WaitedReply): Promise<void> {
    this.conversation.taken({ key, id: null, at: new Date().toISOString() });
    await this.refresh().catch(() => {});
    const known = this.conversation.said.some(({ message }) => message.turn_id === reply.turn_id);
    if (!known && this.conversation.person?.state !== "joined") this.connection.replied(bare(reply));
    this.connection.changed();
  }

  private async lookForReply(outgoing: Outgoing): Promise<void> {
    const { key } = outgoing;
    if (this.conversation.awaiting !== key) return;
    await this.refresh().catch(() => {});
    if (this.conversation.awaiting === key) {
      this.conversation.failed(key, "unanswered");
      const line = this.conversation.byKey(key);
      if (line) line.outgoing = outgoing;
    }
    this.connection.changed();
  }

  private async refresh(): Promise<void> {
    const { messages } = await this.connection.authorised(() => this.api.history());
    for (const message of messages) this.connection.replied(message);
  }

  private in(seconds: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, seconds * 1000);
    this.timers.add(timer);
  }
}

function bare(reply: WaitedReply): Message {
  return {
    id: null, author: "assistant", name: null, text: reply.text, at: new Date().toISOString(), key: null,
    turn_id: reply.turn_id, status: reply.status, decision: null, sources: [], buttons: reply.buttons, form: null,
    rating: null,
  };
}
