/** Which conversation this browser holds: begun or resumed at the server, remembered for the next page and other tabs. */

import { type ChatApi, Refused } from "./api.js";
import { newKey } from "./key.js";
import type { Memory } from "./memory.js";
import type { Session } from "./wire.js";

export class SessionKeeper {
  /** Which of this site's conversations this tab shows. */
  private current: string | null = null;
  private usedIdentity: string | null = null;
  private voucher: string | null = null;

  constructor(
    private readonly api: ChatApi,
    private readonly memory: Memory,
    /** The host page's token for its logged-in customer. */
    private readonly identity: () => string | null,
  ) {}

  /** `same`: the conversation that was remembered goes on. */
  async beginOrResume(): Promise<{ session: Session; same: boolean }> {
    const known = this.memory.recall();
    this.api.token = known?.token ?? null;
    const session = await this.ask();
    const same = session.resumed && known !== null;
    this.current = same ? known.conversation : newKey();
    this.api.token = session.token;
    this.memory.remember({
      conversation: this.current,
      token: session.token,
      expires: session.expires_at,
      begun: session.messages.length > 0,
      seen: same ? known.seen : 0,
    });
    return { session, same };
  }

  /** Takes over what another tab remembered. False when that is a conversation that this tab doesn't show. */
  follow(): boolean {
    const known = this.memory.recall();
    if (!known) return true;
    this.api.token = known.token;
    return known.conversation === this.current;
  }

  /** The server knows that something was said: the next page load is worth a call. */
  begun(): void {
    const known = this.memory.recall();
    if (known && !known.begun) this.memory.remember({ ...known, begun: true });
  }

  seen(newest: number): void {
    const known = this.memory.recall();
    if (known) this.memory.remember({ ...known, seen: newest });
  }

  forget(): void {
    this.memory.remember(null);
    this.api.token = null;
  }

  /** An identity is good for one use; after that the server's own voucher stands for it. Refused, it is done without. */
  private async ask(): Promise<Session> {
    const given = this.identity() || null; // a page template may leave the attribute empty
    if (!given) this.voucher = null;
    const identity = given !== this.usedIdentity ? given : this.voucher;
    const session = await this.api.beginOrResume(identity).catch((problem: unknown) => {
      if (identity && problem instanceof Refused && problem.status < 429) return this.api.beginOrResume(null);
      throw problem;
    });
    this.usedIdentity = given;
    this.voucher = session.voucher;
    return session;
  }
}
