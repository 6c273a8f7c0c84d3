/** What the browser remembers of a conversation. Storage may be forbidden (private windows, blocked cookies): then this page remembers. */

import type { Outgoing } from "./wire.js";

/** Shared by all tabs of a site. */
export interface Remembered {
  /** Made anew with every conversation, so that another tab sees that it changed. Says nothing about it. */
  conversation: string;
  /** Null with the cookie, which scripts can't read. */
  token: string | null;
  expires: string;
  /** Something was said: worth contacting the server when the page loads. */
  begun: boolean;
  /** The id of the newest message that the customer saw. */
  seen: number;
}

export class Memory {
  readonly key: string;
  private readonly fallback = new Map<string, string>();

  constructor(server: string) {
    this.key = `frontdesk-chat:${server}`;
  }

  recall(): Remembered | null {
    const found = this.read<Remembered>(() => localStorage, this.key);
    return found && Date.parse(found.expires) > Date.now() ? found : null;
  }

  remember(known: Remembered | null): void {
    this.write(() => localStorage, this.key, known);
  }

  /** Open or closed belongs to the tab, not to the site. */
  get open(): boolean {
    return this.read<boolean>(() => sessionStorage, `${this.key}:open`) ?? false;
  }

  set open(open: boolean) {
    this.write(() => sessionStorage, `${this.key}:open`, open);
  }

  /** What was typed but not taken in yet survives a reload. */
  get unsent(): Outgoing[] {
    return this.read<Outgoing[]>(() => sessionStorage, `${this.key}:unsent`) ?? [];
  }

  set unsent(messages: Outgoing[]) {
    this.write(() => sessionStorage, `${this.key}:unsent`, messages.length ? messages : null);
  }

  private read<T>(storage: () => Storage, key: string): T | null {
    try {
      return JSON.parse(storage().getItem(key) ?? this.fallback.get(key) ?? "null") as T | null;
    } catch {
      return JSON.parse(this.fallback.get(key) ?? "null") as T | null;
    }
  }

  private write(storage: () => Storage, key: string, value: unknown): void {
    const text = value === null ? null : JSON.stringify(value);
    this.fallback.delete(key);
    try {
      if (text === null) storage().removeItem(key);
      else storage().setItem(key, text);
    } catch {
      if (text !== null) this.fallback.set(key, text);
    }
  }
}
