import { css } from "lit";

export const controls = css`
  .composer {
    display: flex;
    align-items: flex-end;
    gap: 8px;
  }
  textarea,
  input:not([type="radio"]),
  select {
    inline-size: 100%;
    min-block-size: 44px;
    padding: 9px 13px;
    border: 1px solid var(--edge);
    border-radius: 12px;
    background: var(--surface);
    color: var(--text);
    font-size: 16px; /* below 16 px iOS zooms in */
    line-height: 1.45;
  }
  textarea {
    display: block;
    resize: none;
    overflow-wrap: anywhere;
  }
  .composer textarea {
    max-block-size: 148px;
    border-radius: 22px;
    padding-inline: 16px;
    scrollbar-width: thin;
  }
  ::placeholder {
    color: var(--quiet);
    opacity: 1;
  }
  textarea:focus-visible,
  input:focus-visible,
  select:focus-visible {
    border-color: var(--accent);
    outline: 2px solid var(--link);
    outline-offset: 1px;
    box-shadow: none;
  }
  [aria-invalid="true"] {
    border-color: var(--error);
  }
  .send {
    display: grid;
    flex: none;
    place-items: center;
    inline-size: 44px;
    block-size: 44px;
    padding: 0;
    border: 1px solid transparent;
    border-radius: 50%;
    background: var(--accent);
    color: var(--on-accent);
  }
  .send[aria-disabled="true"] {
    background: var(--sunken);
    color: var(--quiet);
    cursor: default;
  }
  [dir="rtl"] .send svg {
    transform: scaleX(-1);
  }
  .count {
    padding-block-start: 6px;
    color: var(--quiet);
    font-size: 12px;
    text-align: end;
  }
  .count.too-long,
  .error {
    color: var(--error);
  }
  .to-person {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-block-size: 36px;
    margin-block-start: 4px;
    padding: 4px 8px;
    border: 1px solid transparent;
    border-radius: 10px;
    background: transparent;
    color: var(--link);
    font-size: 13px;
    font-weight: 500;
  }
  .to-person svg {
    inline-size: 18px;
    block-size: 18px;
  }
  .to-person:hover,
  .quiet:hover,
  .small:hover:enabled,
  .thumb:hover {
    background: var(--sunken);
  }

  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin-block: 4px 8px;
    padding-inline-start: 42px;
  }
  .chip,
  .small,
  .primary,
  .quiet {
    min-block-size: 44px;
    padding: 8px 16px;
    border: 1px solid var(--edge);
    border-radius: 22px;
    background: var(--surface);
    color: var(--link);
    font-weight: 500;
    overflow-wrap: anywhere;
  }
  .chip {
    text-align: start;
    line-height: 1.35;
  }
  .chip:hover {
    border-color: var(--link);
    background: var(--sunken);
  }
  .small {
    min-block-size: 32px;
    padding: 3px 12px;
    font-size: 13px;
  }
  .small:disabled {
    color: var(--quiet);
    cursor: default;
  }
  .earlier {
    display: block;
    margin: 0 auto 16px;
  }
  .primary {
    border-color: transparent;
    background: var(--accent);
    color: var(--on-accent);
  }
  .quiet {
    border-color: transparent;
    background: transparent;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin-block-start: 14px;
  }

  .ticket {
    margin: 4px 0 8px;
    margin-inline-start: 42px;
    padding: 16px;
    border: 1px solid var(--line);
    border-radius: 16px;
  }
  @media (max-width: 480px) {
    .ticket {
      margin-inline-start: 0;
    }
  }
  h3,
  .field > label,
  .error {
    text-align: match-parent;
  }
  h3 {
    font-size: 16px;
    font-weight: 650;
  }
  .field {
    display: block;
    margin-block-start: 12px;
  }
  .field > label,
  .field > span {
    display: block;
    margin-block-end: 4px;
    font-size: 14px;
    font-weight: 500;
  }
  .error {
    margin-block-start: 4px;
    font-size: 13px;
  }

  frontdesk-rating {
    display: contents;
  }
  .thumbs {
    display: flex;
    align-items: center;
    gap: 2px;
  }
  .thumb {
    display: grid;
    place-items: center;
    inline-size: 32px;
    block-size: 32px;
    padding: 0;
    border: 1px solid transparent;
    border-radius: 10px;
    background: transparent;
    color: var(--quiet);
  }
  .thumb svg {
    inline-size: 18px;
    block-size: 18px;
  }
  .thumb[aria-pressed="true"] {
    border-color: var(--link);
    background: var(--sunken);
    color: var(--link);
  }
  .thanks {
    margin-inline-start: 6px;
  }
  .reasons {
    flex: 1 0 100%;
    margin-block-start: 6px;
    padding: 14px 16px;
    border: 1px solid var(--line);
    border-radius: 16px;
    color: var(--text);
  }
  legend {
    padding: 0;
    font-size: 14px;
    font-weight: 650;
  }
  .reason {
    display: flex;
    align-items: center;
    gap: 10px;
    min-block-size: 36px;
    font-size: 14px;
    cursor: pointer;
  }
  .reason input {
    flex: none;
    inline-size: 18px;
    block-size: 18px;
    margin: 0;
    accent-color: var(--link);
  }
`;
