import assert from "node:assert/strict";
import { test } from "node:test";
import { pause } from "../src/events.js";
import { newKey } from "../src/key.js";
import { safeAddress, withLinks } from "../src/links.js";
import { fill, isRightToLeft, longDate, spoken, stringsFor } from "../src/strings.js";
import { ar } from "../src/strings/ar.js";
import { de } from "../src/strings/de.js";
import { en } from "../src/strings/en.js";

test("only http, https and mailto become links", () => {
  assert.equal(safeAddress("javascript:alert(1)"), null);
  assert.equal(safeAddress("data:text/html,x"), null);
  assert.equal(safeAddress("https://a.example/"), "https://a.example/");
  assert.equal(safeAddress("mailto:help@a.example"), "mailto:help@a.example");
});

test("a link ends before the punctuation of the sentence", () => {
  const pieces = withLinks("(see https://a.example/b_(c)). Or http://b.example!");
  assert.deepEqual(pieces.filter((piece) => piece.href).map((piece) => piece.text), [
    "https://a.example/b_(c)",
    "http://b.example",
  ]);
});

test("the pieces of a text are the text", () => {
  const text = "a <b>https://x.example/?q=1&r=2</b> javascript:alert(1) mailto: z";
  assert.equal(withLinks(text).map((piece) => piece.text).join(""), text);
});

test("every language has the placeholders of English", () => {
  const holes = (words: string) => [...words.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const strings of [de, ar]) {
    for (const name of Object.keys(en) as (keyof typeof en)[]) assert.deepEqual(holes(strings[name]), holes(en[name]), name);
  }
});

test("a language that isn't spoken falls back to English, one sentence may be replaced", () => {
  assert.equal(spoken("de-AT"), "de");
  assert.equal(spoken("fi"), "en");
  assert.equal(stringsFor("fi", { send: "Lähetä" }).send, "Lähetä");
  assert.equal(isRightToLeft("ar-EG"), true);
});

test("dates are long and a wrong one is nothing", () => {
  assert.equal(longDate("2026-03-04T00:00:00Z", "en"), "4 March 2026");
  assert.equal(longDate("2026-03-04T00:00:00Z", "de"), "4. März 2026");
  assert.equal(longDate("never", "en"), "");
});

test("what is unknown stays in a sentence", () => {
  assert.equal(fill("{name} joined {x}", { name: "Mara" }), "Mara joined {x}");
});

test("pauses double, vary by half and end at 30 s", () => {
  assert.equal(pause(0, () => 1), 500);
  assert.equal(pause(3, () => 0), 2000);
  assert.equal(pause(20, () => 1), 30_000);
});

test("keys are what the server takes", () => {
  assert.match(newKey(), /^[A-Za-z0-9._-]{8,64}$/);
});
