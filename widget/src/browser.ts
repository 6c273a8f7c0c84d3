/** What the browser tells a page that holds a connection. */

export interface BrowserListener {
  online(): void;
  offline(): void;
  /** Gone, or waiting in the back/forward cache, where it must not hold a connection. */
  leaving(): void;
  /** Back from that cache. */
  returned(): void;
  /** Another tab of this site wrote under the key. */
  otherTab(): void;
}

/** Listens until the returned function is called. */
export function listenToBrowser(key: string, listener: BrowserListener): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  addEventListener("online", () => listener.online(), { signal });
  addEventListener("offline", () => listener.offline(), { signal });
  addEventListener("pagehide", () => listener.leaving(), { signal });
  addEventListener("pageshow", (event) => event.persisted && listener.returned(), { signal });
  addEventListener("storage", (event) => event.key === key && event.newValue && listener.otherTab(), { signal });
  return () => ended.abort();
}
