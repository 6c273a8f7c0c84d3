/** The calls of the chat API. Every refusal becomes a `Refused`, every broken connection an `Unreachable`. */

import type { History, Outgoing, Reason, Session, Taken, Thumb, WaitedReply } from "./wire.js";

export type Transport = "cookie" | "bearer";

const CALL_SECONDS = 30;
const WAIT_SECONDS = 90; // with `Prefer: wait` the server answers when the turn is over

/** The server said no, in a sentence for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfter: number | null,
  ) {
    super(message);
  }
}

/** No connection, or none that ended in time. */
export class Unreachable extends Error {}

export class ChatApi {
  token: string | null = null;
  readonly transport: Transport;

  constructor(readonly server: string) {
    this.transport = new URL(server).origin === location.origin ? "cookie" : "bearer";
  }

  async beginOrResume(identity: string | null): Promise<Session> {
    const begin = () => this.json<Session>("POST", "/session", { transport: this.transport, identity });
    try {
      return await begin();
    } catch (problem) {
      if (!(problem instanceof Unreachable && this.transport === "bearer" && (await this.reachable()))) throw problem;
    }
    return begin().catch((problem: unknown) => {
      throw problem instanceof Unreachable ? this.forbidden() : problem;
    });
  }

  /** A browser doesn't tell a page that the server refuses it from one that is away; our script is open to every page. */
  private reachable(): Promise<boolean> {
    const request = { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(CALL_SECONDS * 1000) } as const;
    return fetch(`${this.server}/widget/frontdesk-chat.js`, request).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  private forbidden(): Refused {
    console.error(`frontdesk-chat: ${this.server} refuses pages of ${location.origin}; add it to ALLOWED_ORIGINS there`);
    return new Refused(403, "foreign_origin", "", null);
  }

  async end(): Promise<void> {
    await this.call("DELETE", "/session");
  }

  history(before?: number): Promise<History> {
    return this.json<History>("GET", `/messages${before === undefined ? "" : `?before=${before}`}`);
  }

  /** Answers with the reply only when `wait` is set and the turn ended in time. */
  say(message: Outgoing, wait: boolean): Promise<Taken | WaitedReply> {
    const { person, ...body } = message;
    const headers: Record<string, string> = wait ? { Prefer: "wait" } : {};
    return person
      ? this.json("POST", "/person", { key: body.key }, headers)
      : this.json("POST", "/messages", body, headers);
  }

  async rate(turn: string, value: Thumb, reason?: Reason, comment?: string): Promise<void> {
    await this.call("PUT", rating(turn), { value, reason: reason ?? null, comment: comment || null });
  }

  async takeRatingBack(turn: string): Promise<void> {
    await this.call("DELETE", rating(turn));
  }

  events(after: number, signal: AbortSignal): Promise<Response> {
    return this.fetch(`/events?after=${after}`, { headers: { Accept: "text/event-stream" }, signal });
  }

  private async json<T>(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<T> {
    const response = await this.call(method, path, body, headers);
    return response.json().catch(() => Promise.reject(new Unreachable())) as Promise<T>;
  }

  private call(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
    const seconds = headers.Prefer ? WAIT_SECONDS : CALL_SECONDS;
    return this.fetch(path, {
      method,
      headers: body ? { ...headers, "Content-Type": "application/json" } : headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(seconds * 1000),
    });
  }

  private async fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.transport === "bearer" && this.token) headers.set("Authorization", `Bearer ${this.token}`);
    const credentials = this.transport === "cookie" ? "include" : "omit";
    let response: Response;
    try {
      response = await fetch(`${this.server}/chat/v1${path}`, { ...init, headers, credentials, cache: "no-store" });
    } catch (problem) {
      throw new Unreachable(String(problem));
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

const rating = (turn: string): string => `/turns/${encodeURIComponent(turn)}/rating`;

/** A proxy in between may answer without our body: then there is no sentence to show. */
async function refusal(response: Response): Promise<Refused> {
  const body = (await response.json().catch(() => null)) as { code?: string; message?: string } | null;
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new Refused(
    response.status,
    body?.code ?? "unknown",
    typeof body?.message === "string" ? body.message : "",
    Number.isFinite(seconds) ? seconds : null,
  );
}
