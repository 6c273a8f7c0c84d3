import { css, unsafeCSS } from "lit";

const light = unsafeCSS(`
  --accent: var(--frontdesk-accent, #0f4c5c);
  --on-accent: var(--frontdesk-on-accent, #ffffff);
  --second: var(--frontdesk-secondary, #f2a541);
  --surface: var(--frontdesk-surface, #ffffff);
  --sunken: var(--frontdesk-sunken, #f3f6f7);
  --text: var(--frontdesk-text, #1b2a30);
  --quiet: var(--frontdesk-quiet, #55666d);
  --line: var(--frontdesk-line, #dbe3e6);
  --edge: var(--frontdesk-edge, #76878e);
  --link: var(--frontdesk-link, #0b5a70);
  --error: var(--frontdesk-error, #b3261e);
  --shadow: 0 1px 2px rgb(13 38 46 / 8%), 0 12px 40px rgb(13 38 46 / 18%);
  color-scheme: light;
`);

const dark = unsafeCSS(`
  --accent: var(--frontdesk-accent-dark, var(--frontdesk-accent, #17677c));
  --on-accent: var(--frontdesk-on-accent, #ffffff);
  --second: var(--frontdesk-secondary, #f2a541);
  --surface: var(--frontdesk-surface-dark, #152127);
  --sunken: var(--frontdesk-sunken-dark, #1f2e35);
  --text: var(--frontdesk-text-dark, #e8eff1);
  --quiet: var(--frontdesk-quiet-dark, #a5b6bd);
  --line: var(--frontdesk-line-dark, #32444c);
  --edge: var(--frontdesk-edge-dark, #80939b);
  --link: var(--frontdesk-link-dark, #7fd0e6);
  --error: var(--frontdesk-error-dark, #ffb4ab);
  --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 12px 40px rgb(0 0 0 / 55%);
  color-scheme: dark;
`);

/** The custom properties that a host page may set are those that begin with --frontdesk-; README.md lists them. */
export const theme = css`
  :host {
    ${light}
    --radius: var(--frontdesk-radius, 18px);
    --font: var(--frontdesk-font, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif);
    display: contents;
  }
  @media (prefers-color-scheme: dark) {
    :host(:not([theme="light"])) {
      ${dark}
    }
  }
  :host([theme="dark"]) {
    ${dark}
  }
  :host([hidden]) {
    display: none;
  }

  .frontdesk {
    font: 400 15px/1.5 var(--font);
    color: var(--text);
    text-align: start;
    -webkit-text-size-adjust: 100%;
    text-size-adjust: 100%;
  }
  .frontdesk *,
  .frontdesk *::before,
  .frontdesk *::after {
    box-sizing: border-box;
  }
  .frontdesk [hidden] {
    display: none;
  }
  p,
  h2,
  h3,
  ul,
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
  }
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }
  button {
    cursor: pointer;
  }
  svg {
    display: block;
    inline-size: 24px;
    block-size: 24px;
  }
  /* Two rings, one dark and one light, are seen on every ground. */
  :focus-visible {
    outline: 2px solid var(--text);
    outline-offset: 2px;
    box-shadow: 0 0 0 2px var(--surface);
  }
  .for-screen-readers {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
