/** A key that makes a message one message, however often it is sent. */
export function newKey(): string {
  // `randomUUID` exists only in secure contexts; an intranet page over http has `getRandomValues` alone.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
