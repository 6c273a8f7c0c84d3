import type { Message } from "../src/wire.js";

export const message = (fields: Partial<Message>): Message => ({
  id: null, author: "assistant", name: null, text: "", at: "2026-03-04T10:00:00Z", key: null, turn_id: null,
  status: "answered", decision: null, sources: [], buttons: [], form: null, rating: null, ...fields,
});
