/**
 * The lines of a conversation on the screen. No network, no clock, no page: history, events and what the customer does
 * come in, in any order and more than once, and each message stands there once, in the server's order.
 */

import type { History, Message, Outgoing, Person, Taken, Thumb } from "./wire.js";

/** Why a message is not sent. Only a refusal can't be mended by sending it again. */
export type Failure = "unreachable" | "busy" | "unanswered" | "refused";

export interface Said {
  kind: "said";
  /** Stays the same when the server gives the message its id. */
  uid: string;
  message: Message;
  delivery: "sent" | "sending" | "failed";
  outgoing: Outgoing | null;
  failure: Failure | null;
  /** The server's own sentence, if it gave one. */
  problem: string;
  /** Milliseconds since 1970 before which the server doesn't want it again. */
  notBefore: number;
}

export interface Note {
  kind: "note";
  uid: string;
  person: Person;
}

export type Line = Said | Note;

export class Conversation {
  lines: Line[] = [];
  more = false;
  person: Person | null = null;
  /** The key of the customer's message that a reply is due to. */
  awaiting: string | null = null;
  thinking = false;
  /** The newest message that the customer saw. */
  seen = 0;
  private count = 0;

  /** A conversation from the server in place of this one. What could not be sent yet stays. */
  load(history: History, person: Person | null): void {
    this.lines = this.lines.filter((line) => line.kind === "said" && line.delivery !== "sent");
    this.awaiting = null;
    this.thinking = false;
    this.person = null;
    this.more = history.more;
    for (const message of history.messages) this.merge(message);
    if (person) this.personIs(person);
  }

  earlier(history: History): void {
    this.more = history.more;
    for (const message of history.messages) this.merge(message);
  }

  /** Puts a message in its place. True when it was not known. */
  merge(message: Message): boolean {
    if (message.author !== "customer") this.replied(message);
    const known = this.said.find((line) => same(line.message, message));
    if (!known) {
      this.insert(this.line(message, "sent", null));
      return true;
    }
    // An event without an id must not take the id away that the history gave.
    known.message = { ...message, id: message.id ?? known.message.id };
    if (known.failure !== "unanswered") this.settle(known);
    return false;
  }

  /** The customer's message before the server has it. */
  say(outgoing: Outgoing, shown: string, at: string): void {
    if (this.byKey(outgoing.key)) return;
    const message: Message = {
      id: null, author: "customer", name: null, text: shown, at, key: outgoing.key, turn_id: null,
      status: "answered", decision: null, sources: [], buttons: [], form: null, rating: null,
    };
    this.insert(this.line(message, "sending", outgoing));
  }

  sending(key: string): void {
    const line = this.byKey(key);
    if (!line) return;
    line.delivery = "sending";
    line.failure = null;
    line.problem = "";
  }

  taken({ key, id, at }: Taken): void {
    const line = this.byKey(key);
    if (!line) return;
    line.message = { ...line.message, id: id ?? line.message.id, at };
    this.settle(line);
  }

  /** A reply to this message is due, unless one that is newer stands there already or a person reads along. */
  expectReply(key: string): void {
    const line = this.byKey(key);
    if (!line || this.person?.state === "joined") return;
    const place = this.lines.indexOf(line);
    const replied = this.lines.slice(place + 1).some((later) => later.kind === "said" && isReply(later.message));
    this.awaiting = replied ? null : key;
  }

  failed(key: string, failure: Failure, problem = "", notBefore = 0): void {
    const line = this.byKey(key);
    if (!line) return;
    if (this.awaiting === key) this.awaiting = null;
    this.thinking = false;
    Object.assign(line, { delivery: "failed", failure, problem, notBefore });
  }

  personIs(person: Person): void {
    const before = this.person;
    this.person = person.state === "left" ? null : person;
    if (person.state === "joined") this.awaiting = null;
    if (before?.state === person.state && before.name === person.name) return;
    this.insert({ kind: "note", uid: `note-${this.count++}`, person });
  }

  rated(turn: string, rating: Thumb | null): void {
    for (const line of this.said) {
      if (line.message.turn_id === turn && isReply(line.message)) line.message = { ...line.message, rating };
    }
  }

  byKey(key: string): Said | undefined {
    return this.said.find((line) => line.message.key === key);
  }

  get said(): Said[] {
    return this.lines.filter((line): line is Said => line.kind === "said");
  }

  /** The only one whose buttons and form still count. What the server refused did not use them up. */
  get last(): Said | undefined {
    return this.said.filter((line) => line.failure !== "refused").at(-1);
  }

  get newest(): number {
    return Math.max(0, ...this.said.map((line) => line.message.id ?? 0));
  }

  get oldest(): number | undefined {
    return this.said.find((line) => line.message.id !== null)?.message.id ?? undefined;
  }

  get unread(): number {
    return this.said.filter(({ message }) => isReply(message) && (message.id ?? 0) > this.seen).length;
  }

  /** What would be lost with the page. */
  get unsent(): Outgoing[] {
    return this.said.flatMap((line) => (line.delivery !== "sent" && line.failure !== "refused" && line.outgoing) || []);
  }

  /** What the customer had said before this line. */
  askedBefore(line: Said): string {
    const before = this.said.slice(0, this.said.indexOf(line)).filter(({ message }) => message.author === "customer");
    return before.at(-1)?.message.text ?? "";
  }

  private line(message: Message, delivery: Said["delivery"], outgoing: Outgoing | null): Said {
    const uid = `line-${this.count++}`;
    return { kind: "said", uid, message, delivery, outgoing, failure: null, problem: "", notBefore: 0 };
  }

  /**
   * Sent messages by id; without an id where they came; what is still to be sent stays at the end, next to where one
   * types. What was refused stays where it was said.
   */
  private insert(line: Line): void {
    const sent = line.kind === "note" || line.delivery === "sent";
    const id = line.kind === "said" ? line.message.id : null;
    const place = this.lines.findIndex(
      (other) =>
        other.kind === "said" &&
        ((sent && other.delivery !== "sent" && other.failure !== "refused") || (id !== null && (other.message.id ?? 0) > id)),
    );
    this.lines = place < 0 ? [...this.lines, line] : [...this.lines.slice(0, place), line, ...this.lines.slice(place)];
  }

  private settle(line: Said): void {
    const late = line.delivery !== "sent";
    Object.assign(line, { delivery: "sent", failure: null, problem: "", outgoing: null });
    if (!late) return;
    this.lines = this.lines.filter((other) => other !== line);
    this.insert(line);
  }

  private replied(message: Message): void {
    this.thinking = false;
    const asked = this.awaiting === null ? undefined : this.byKey(this.awaiting);
    const older = message.id !== null && asked?.message.id != null && message.id < asked.message.id;
    if (older) return;
    this.awaiting = null;
    for (const line of this.said) if (line.failure === "unanswered") this.settle(line);
  }
}

export const isReply = (message: Message): boolean => message.author !== "customer";

function same(one: Message, other: Message): boolean {
  if (one.author !== other.author) return false;
  if (one.id !== null && other.id !== null) return one.id === other.id;
  if (one.author === "customer") return one.key !== null && one.key === other.key;
  return one.turn_id !== null && one.turn_id === other.turn_id;
}
