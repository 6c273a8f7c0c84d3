/** Addresses in plain text, and which of them may become links. */

export interface Piece {
  text: string;
  href?: string;
}

const SAFE = new Set(["http:", "https:", "mailto:"]);
const ADDRESS = /\b(?:https?:\/\/|mailto:)[^\s<>"“”«»]+/giu;

/** The address if a click on it can do no harm, else null. */
export function safeAddress(address: string): string | null {
  try {
    const url = new URL(address);
    return SAFE.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** The text cut into plain pieces and links; joined, the pieces are the text again. */
export function withLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const found = withoutPunctuation(match[0]);
    const href = safeAddress(found);
    if (!href) continue;
    if (match.index > done) pieces.push({ text: text.slice(done, match.index) });
    pieces.push({ text: found, href });
    done = match.index + found.length;
  }
  if (done < text.length) pieces.push({ text: text.slice(done) });
  return pieces;
}

/** "(see https://a.example/b)." ends before the bracket and the full stop, "https://a.example/b_(c)" doesn't. */
function withoutPunctuation(address: string): string {
  let end = address.length;
  for (;;) {
    const last = address[end - 1] ?? "";
    const part = address.slice(0, end);
    const unopened = last === ")" && part.split("(").length < part.split(")").length;
    if (!unopened && !/[.,;:!?'’\]}؟،]/u.test(last)) return part;
    end--;
  }
}
