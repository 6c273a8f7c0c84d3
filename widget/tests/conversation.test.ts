import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "../src/conversation.js";
import { message } from "./fixtures.js";

const NOW = "2026-03-04T10:00:00Z";
const said = (chat: Conversation) => chat.said.map((line) => line.message.text);

function asked(key = "key-0001", text = "a question"): Conversation {
  const chat = new Conversation();
  chat.say({ key, text }, text, NOW);
  return chat;
}

test("a message that comes from the call, the stream and the history stands there once", () => {
  const chat = asked();
  chat.taken({ key: "key-0001", id: 1, at: NOW });
  chat.merge(message({ id: 1, author: "customer", key: "key-0001", text: "a question" }));
  chat.load({ messages: [message({ id: 1, author: "customer", key: "key-0001", text: "a question" })], more: false }, null);
  assert.deepEqual(said(chat), ["a question"]);
});

test("messages stand in the order of their ids, however they come", () => {
  const chat = new Conversation();
  for (const id of [3, 1, 2]) chat.merge(message({ id, text: String(id), turn_id: `t-${id}` }));
  assert.deepEqual(said(chat), ["1", "2", "3"]);
});

test("what is not sent stays below a reply that comes meanwhile", () => {
  const chat = asked();
  chat.failed("key-0001", "unreachable");
  chat.merge(message({ id: 7, text: "an earlier reply" }));
  assert.deepEqual(said(chat), ["an earlier reply", "a question"]);
});

test("a message takes its place when the server gives it an id", () => {
  const chat = asked();
  chat.merge(message({ id: 9, text: "later" }));
  chat.taken({ key: "key-0001", id: 8, at: NOW });
  assert.deepEqual(said(chat), ["a question", "later"]);
});

test("a reply without an id is known by its turn", () => {
  const chat = new Conversation();
  assert.equal(chat.merge(message({ turn_id: "t-1" })), true);
  assert.equal(chat.merge(message({ id: 4, turn_id: "t-1" })), false);
  assert.equal(chat.newest, 4);
});

test("a reply is expected until it comes", () => {
  const chat = asked();
  chat.taken({ key: "key-0001", id: 1, at: NOW });
  chat.expectReply("key-0001");
  assert.equal(chat.awaiting, "key-0001");
  chat.merge(message({ id: 2 }));
  assert.equal(chat.awaiting, null);
});

test("no reply is expected that was faster than the call, or while a person is there", () => {
  const fast = asked();
  fast.taken({ key: "key-0001", id: 1, at: NOW });
  fast.merge(message({ id: 2 }));
  fast.expectReply("key-0001");
  assert.equal(fast.awaiting, null);
  const attended = asked();
  attended.personIs({ state: "joined", name: "Mara" });
  attended.expectReply("key-0001");
  assert.equal(attended.awaiting, null);
});

test("a late reply mends what looked unanswered", () => {
  const chat = asked();
  chat.taken({ key: "key-0001", id: 1, at: NOW });
  chat.failed("key-0001", "unanswered");
  chat.merge(message({ id: 2, text: "here it is" }));
  assert.equal(chat.byKey("key-0001")?.delivery, "sent");
  assert.deepEqual(said(chat), ["a question", "here it is"]);
});

test("another conversation takes away what was said but not what is not sent", () => {
  const chat = asked();
  chat.merge(message({ id: 1, text: "of the old one" }));
  chat.load({ messages: [], more: false }, null);
  assert.deepEqual(said(chat), ["a question"]);
});

test("a refused message leaves the buttons before it usable", () => {
  const chat = new Conversation();
  chat.merge(message({ id: 1, buttons: [{ title: "Yes", token: "b" }] }));
  chat.say({ key: "key-0002", text: "?" }, "?", NOW);
  chat.failed("key-0002", "refused", "That was no question.");
  assert.equal(chat.last?.message.buttons.length, 1);
  assert.deepEqual(chat.unsent, []);
});

test("replies after the last seen one are unread", () => {
  const chat = new Conversation();
  chat.seen = 2;
  chat.load(
    { messages: [message({ id: 2 }), message({ id: 3, author: "customer", key: "key-0003" }), message({ id: 4 })], more: false },
    null,
  );
  assert.equal(chat.unread, 1);
});

test("a person's coming is noted once", () => {
  const chat = new Conversation();
  chat.personIs({ state: "joined", name: "Mara" });
  chat.personIs({ state: "joined", name: "Mara" });
  assert.equal(chat.lines.length, 1);
});
