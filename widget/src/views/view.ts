import type { Chat } from "../chat.js";
import type { Strings } from "../strings.js";

/** What every part of the panel needs to draw itself. */
export interface View {
  chat: Chat;
  strings: Strings;
  /** For dates: the page's language, also when the widget can't speak it. */
  language: string;
  heading: string;
  greeting: string;
  suggestions: readonly string[];
}
