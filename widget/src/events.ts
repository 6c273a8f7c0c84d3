/** The event stream: read with `fetch`, because an `EventSource` can't send the token, and reopened when it breaks. */

/*! eventsource-parser: MIT, Copyright (c) 2026 Espen Hovlandsdal */
import { createParser } from "eventsource-parser";
import { type ChatApi, Refused } from "./api.js";
import type { ChatEvent } from "./wire.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** The server writes a comment every 15 s; a connection that is silent for longer than two of them is dead. */
const SILENCE_MS = 40_000;

export interface Listener {
  /** The id of the newest message that is known, so that the server first sends what was missed. */
  newest(): number;
  event(event: ChatEvent): void;
  opened(): void;
  broken(): void;
  /** The token is worth nothing: get another. */
  sessionOver(): Promise<void>;
}

/** Between half and all of a pause that doubles, so that thousands of pages don't return at the same moment. */
export function pause(attempt: number, random = Math.random): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  return longest * (0.5 + random() / 2);
}

export class EventStream {
  connected = false;
  private running: AbortController | null = null;
  private listening: AbortController | null = null;
  private wake: () => void = () => {};

  constructor(
    private readonly api: ChatApi,
    private readonly listener: Listener,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = new AbortController();
    void this.run(this.running.signal);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
    this.connected = false;
    this.wake();
  }

  /** Open anew at once, as when the browser says that it is online: what was open may be dead without knowing. */
  hurry(): void {
    this.listening?.abort();
    this.wake();
  }

  private async run(stopped: AbortSignal): Promise<void> {
    for (let attempt = 0; !stopped.aborted; attempt++) {
      let wanted = 0;
      try {
        await this.listen(stopped, () => (attempt = 0));
      } catch (problem) {
        if (stopped.aborted) return;
        if (problem instanceof Refused) {
          if (problem.status === 401) await this.listener.sessionOver().catch(() => {});
          wanted = (problem.retryAfter ?? 0) * 1000;
        }
      }
      if (stopped.aborted) return;
      this.connected = false;
      this.listener.broken();
      await this.sleep(Math.max(pause(attempt), wanted));
    }
  }

  private async listen(stopped: AbortSignal, opened: () => void): Promise<void> {
    const silent = (this.listening = new AbortController());
    const signal = AbortSignal.any ? AbortSignal.any([stopped, silent.signal]) : either(stopped, silent);
    let watchdog = setTimeout(() => silent.abort(), SILENCE_MS);
    try {
      const response = await this.api.events(this.listener.newest(), signal);
      if (!response.body) return;
      opened();
      this.connected = true;
      this.listener.opened();
      const parser = createParser({ onEvent: ({ event, data }) => this.pass(event, data) });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => silent.abort(), SILENCE_MS);
        if (!stopped.aborted) parser.feed(part.value);
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  private pass(kind: string | undefined, data: string): void {
    this.listener.event({ kind, data: JSON.parse(data) } as ChatEvent);
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** `AbortSignal.any` for browsers from before 2024. */
function either(stopped: AbortSignal, silent: AbortController): AbortSignal {
  stopped.addEventListener("abort", () => silent.abort(), { once: true });
  return silent.signal;
}
