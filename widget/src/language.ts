import { isRightToLeft } from "./strings.js";

/** Of the element or of the page around it. */
export const languageOf = (element: Element): string => element.closest<HTMLElement>("[lang]")?.lang || "en";

/** The nearest word on it: of the element, else of the page, else of the language. */
export function directionOf(element: Element): "ltr" | "rtl" {
  const page = element.hasAttribute("lang") ? null : element.closest("[dir]");
  const given = element.getAttribute("dir") ?? page?.getAttribute("dir");
  if (given === "ltr" || given === "rtl") return given;
  return isRightToLeft(languageOf(element)) ? "rtl" : "ltr";
}
