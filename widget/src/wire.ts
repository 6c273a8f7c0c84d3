/** What the chat API takes and gives (docs/chat-api.md). */

export interface SourceLink {
  title: string;
  url: string;
  updated_at: string;
}

export interface QuickReply {
  title: string;
  token: string;
}

export interface FormField {
  name: string;
  label: string;
  kind: "email" | "text" | "choice";
  options: { value: string; label: string }[];
  value: string | null;
  error: string | null;
}

export interface Form {
  name: string;
  title: string;
  submit: string;
  token: string;
  asked: string | null;
  fields: FormField[];
}

export type Thumb = "up" | "down";
export const REASONS = ["wrong", "incomplete", "outdated", "unclear", "other"] as const;
export type Reason = (typeof REASONS)[number];

export interface Message {
  id: number | null;
  author: "customer" | "assistant" | "person";
  name: string | null;
  text: string;
  at: string;
  key: string | null;
  turn_id: string | null;
  status: string;
  decision: "reviewed" | "curated" | "draft" | "unknown" | null;
  sources: SourceLink[];
  buttons: QuickReply[];
  form: Form | null;
  rating: Thumb | null;
}

export interface Person {
  state: "asked" | "joined" | "left";
  name: string | null;
}

export interface Session {
  token: string | null;
  expires_at: string;
  resumed: boolean;
  messages: Message[];
  more: boolean;
  person: Person | null;
  customer: string | null;
  /** Stands for the identity for the rest of the page's life. */
  voucher: string | null;
}

export interface History {
  messages: Message[];
  more: boolean;
}

/** What a customer sends: typed text, a pressed button or a filled-in form; or the wish for a person. */
export interface Outgoing {
  key: string;
  text: string;
  button?: string;
  form?: { token: string; values: Record<string, string> };
  person?: true;
}

export interface Taken {
  id: number | null;
  key: string;
  at: string;
}

/** The reply of a call with `Prefer: wait`, as far as the widget needs it. */
export interface WaitedReply {
  turn_id: string;
  text: string;
  status: string;
  buttons: QuickReply[];
}

export type ChatEvent =
  | { kind: "received" | "reply" | "error"; data: Message }
  | { kind: "thinking"; data: { turn_id: string } }
  | { kind: "person"; data: Person }
  | { kind: "rated"; data: { turn_id: string; rating: Thumb | null } };

export const MAX_CHARS = 4000;
