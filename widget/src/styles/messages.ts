import { css } from "lit";

export const messages = css`
  .line {
    display: flex;
    align-items: flex-start;
    gap: 10px;
    margin-block-end: 14px;
  }
  .line.customer {
    justify-content: flex-end;
  }
  .column {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    min-inline-size: 0;
    max-inline-size: calc(100% - 42px);
  }
  .customer .column {
    align-items: flex-end;
    max-inline-size: 84%;
  }
  .avatar {
    display: grid;
    flex: none;
    place-items: center;
    inline-size: 32px;
    block-size: 32px;
    border-radius: 50%;
    background: var(--accent);
    color: var(--on-accent);
  }
  .avatar svg {
    inline-size: 19px;
    block-size: 19px;
  }
  .person .avatar {
    background: var(--second);
    color: #2b1a00;
  }
  .avatar.large {
    inline-size: 42px;
    block-size: 42px;
    background: rgb(255 255 255 / 16%);
    color: inherit;
  }
  .avatar.large svg {
    inline-size: 25px;
    block-size: 25px;
  }

  .bubble {
    min-inline-size: 0;
    max-inline-size: 100%;
    padding: 10px 14px;
    border: 1px solid transparent;
    border-radius: 4px 16px 16px 16px;
    background: var(--sunken);
    overflow-wrap: anywhere;
  }
  [dir="rtl"] .bubble {
    border-radius: 16px 4px 16px 16px;
  }
  .customer .bubble,
  [dir="rtl"] .customer .bubble {
    border-radius: 16px 16px 4px 16px;
    background: var(--accent);
    color: var(--on-accent);
  }
  [dir="rtl"] .customer .bubble {
    border-radius: 16px 16px 16px 4px;
  }
  .sending .bubble {
    opacity: 0.75;
  }
  .failed .bubble {
    border: 1px dashed var(--error);
    background: var(--surface);
    color: var(--text);
  }
  .text {
    white-space: pre-wrap;
    text-align: start;
  }
  .bubble a {
    color: var(--link);
    text-decoration: underline;
    text-underline-offset: 2px;
  }
  .customer .bubble a {
    color: inherit;
  }
  .name {
    margin-block-end: 2px;
    color: var(--quiet);
    font-size: 13px;
    font-weight: 600;
  }

  .evidence {
    margin-block-start: 10px;
    padding-block-start: 8px;
    border-block-start: 1px solid var(--line);
    font-size: 13px;
    line-height: 1.4;
  }
  .label {
    margin-block-end: 2px;
    color: var(--quiet);
    font-size: 12px;
    font-weight: 600;
  }
  .label.reviewed::before {
    content: "✓ " / "";
  }
  .sources {
    list-style: none;
  }
  .sources li {
    padding-block: 4px;
  }
  .sources a,
  .sources li > span:first-child {
    display: inline-block;
    min-block-size: 24px;
    padding-block: 2px;
    font-weight: 500;
  }
  .updated {
    display: block;
    color: var(--quiet);
    font-size: 12px;
  }

  .foot {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 2px 10px;
    max-inline-size: 100%;
    margin-block-start: 4px;
    color: var(--quiet);
    font-size: 12px;
  }
  .note {
    margin: 6px auto 18px;
    max-inline-size: 85%;
    color: var(--quiet);
    font-size: 13px;
    text-align: center;
  }
  .not-sent {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 10px;
    margin-block-start: 6px;
    font-size: 13px;
  }
  .not-sent p {
    color: var(--error);
  }
  .customer .not-sent {
    justify-content: flex-end;
    text-align: end;
  }
  .turn {
    color: var(--quiet);
    font-size: 12px;
    overflow-wrap: anywhere;
  }

  .dots {
    display: flex;
    gap: 5px;
    align-items: center;
    min-block-size: 44px;
  }
  .dots i {
    inline-size: 8px;
    block-size: 8px;
    border: 1px solid transparent;
    border-radius: 50%;
    background: var(--quiet);
    animation: breathe 1.2s ease-in-out infinite;
  }
  .dots i:nth-of-type(2) {
    animation-delay: 0.15s;
  }
  .dots i:nth-of-type(3) {
    animation-delay: 0.3s;
  }
  @keyframes breathe {
    0%,
    60%,
    100% {
      opacity: 0.35;
    }
    30% {
      opacity: 1;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .dots i {
      animation: none;
    }
  }
  @media (forced-colors: active) {
    .avatar,
    .icon-dots,
    .icon-accent {
      forced-color-adjust: none;
    }
    .avatar.large {
      forced-color-adjust: auto;
    }
    .dots i {
      background: CanvasText;
    }
  }
`;
