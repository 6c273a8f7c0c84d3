/** Everything that the widget itself says, by language. The host page may override any sentence. */

import { ar } from "./strings/ar.js";
import { de } from "./strings/de.js";
import { en } from "./strings/en.js";

export type Strings = typeof en;

const LANGUAGES: Record<string, Strings> = { en, de, ar };
const RIGHT_TO_LEFT = new Set(["ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"]);

const primary = (language: string): string => language.toLowerCase().split("-")[0] ?? "";

/** The language in which the widget can speak, for the one that was asked for. */
export const spoken = (language: string): string => (primary(language) in LANGUAGES ? primary(language) : "en");

export const isRightToLeft = (language: string): boolean => RIGHT_TO_LEFT.has(primary(language));

export const stringsFor = (language: string, overrides: Partial<Strings>): Strings => ({
  ...(LANGUAGES[spoken(language)] ?? en),
  ...overrides,
});

/** `fill("{name} joined", {name: "Mara"})` */
export const fill = (sentence: string, values: Record<string, string | number>): string =>
  sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** "4 March 2026" in the given language. An empty string for what is no date. */
export function longDate(at: string, language: string): string {
  return formatted(at, language, { dateStyle: "long", timeZone: "UTC" });
}

export function clock(at: string, language: string): string {
  return formatted(at, language, { timeStyle: "short" });
}

function formatted(at: string, language: string, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  // "en" alone is American; a support page says "4 March 2026".
  const locale = language === "en" ? "en-GB" : language;
  try {
    return new Intl.DateTimeFormat(locale, options).format(date);
  } catch {
    return new Intl.DateTimeFormat("en-GB", options).format(date);
  }
}
