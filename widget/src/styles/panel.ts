import { css } from "lit";

export const panel = css`
  .launcher {
    position: fixed;
    z-index: var(--frontdesk-z-index, 2147483000);
    inset-block-end: calc(20px + env(safe-area-inset-bottom, 0px));
    inset-inline-end: calc(20px + env(safe-area-inset-right, 0px));
    display: grid;
    place-items: center;
    inline-size: 60px;
    block-size: 60px;
    padding: 0;
    border: 1px solid transparent;
    border-radius: 50%;
    background: var(--accent);
    color: var(--on-accent);
    box-shadow: 0 2px 6px rgb(13 38 46 / 20%), 0 8px 24px rgb(13 38 46 / 24%);
    transition: transform 160ms ease;
  }
  .launcher:hover {
    transform: translateY(-2px);
  }
  .launcher svg {
    inline-size: 30px;
    block-size: 30px;
  }
  .icon-dots {
    fill: var(--second);
  }
  .icon-accent {
    fill: var(--second);
  }
  .badge {
    position: absolute;
    inset-block-start: -4px;
    inset-inline-end: -4px;
    min-inline-size: 24px;
    padding-inline: 6px;
    border: 2px solid var(--surface);
    border-radius: 12px;
    background: var(--second);
    color: #2b1a00;
    font-size: 12px;
    font-weight: 700;
    line-height: 20px;
    text-align: center;
  }

  .panel {
    position: fixed;
    z-index: var(--frontdesk-z-index, 2147483000);
    inset-block-end: calc(96px + env(safe-area-inset-bottom, 0px));
    inset-inline-end: calc(20px + env(safe-area-inset-right, 0px));
    display: flex;
    flex-direction: column;
    inline-size: min(404px, calc(100vw - 40px));
    block-size: min(680px, calc(100vh - 116px));
    block-size: min(680px, calc(100dvh - 116px));
    overflow: hidden;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    box-shadow: var(--shadow);
    animation: rise 180ms cubic-bezier(0.2, 0.8, 0.3, 1);
  }
  :host([position="start"]) .launcher,
  :host([position="start"]) .panel {
    inset-inline: calc(20px + env(safe-area-inset-left, 0px)) auto;
  }
  @keyframes rise {
    from {
      opacity: 0;
      transform: translateY(12px) scale(0.98);
    }
  }

  .header {
    display: flex;
    flex: none;
    align-items: center;
    gap: 12px;
    padding: 16px 12px 16px 20px;
    padding-inline: 20px 12px;
    background: var(--accent);
    color: var(--on-accent);
  }
  .titles {
    flex: 1;
    min-inline-size: 0;
    overflow-wrap: anywhere;
  }
  .titles h2 {
    font-size: 17px;
    font-weight: 650;
    line-height: 1.3;
  }
  .with {
    font-size: 13px;
    line-height: 1.3;
  }
  .icon-button {
    display: grid;
    flex: none;
    place-items: center;
    inline-size: 44px;
    block-size: 44px;
    padding: 0;
    border: 1px solid transparent;
    border-radius: 12px;
    background: transparent;
    color: inherit;
  }
  .icon-button:hover {
    background: rgb(255 255 255 / 14%);
  }
  .icon-button svg {
    inline-size: 22px;
    block-size: 22px;
  }
  .header :focus-visible {
    outline-color: var(--on-accent);
    outline-offset: -4px;
    box-shadow: none;
  }

  .connection p,
  .trouble {
    padding: 8px 20px;
    border-block-end: 1px solid var(--line);
    background: var(--sunken);
    color: var(--text);
    font-size: 13px;
  }
  .connection p {
    border-inline-start: 4px solid var(--second);
  }
  .trouble {
    color: var(--error);
  }

  .scroll {
    position: relative;
    flex: 1;
    min-block-size: 0;
    overflow: hidden auto;
    overflow-anchor: none;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  .scroll:focus-visible {
    outline-offset: -3px;
    box-shadow: none;
  }
  .lines {
    display: flow-root;
    padding: 20px 16px;
  }

  .footer,
  .confirm {
    flex: none;
    padding: 12px 16px calc(10px + env(safe-area-inset-bottom, 0px));
    border-block-start: 1px solid var(--line);
    background: var(--surface);
  }
  .confirm {
    padding-block: 16px calc(20px + env(safe-area-inset-bottom, 0px));
  }

  @media (max-width: 480px) {
    .panel,
    :host([position="start"]) .panel {
      inset: 0;
      inline-size: 100%;
      block-size: 100vh;
      block-size: 100dvh;
      border: 0;
      border-radius: 0;
    }
    .header {
      padding-block-start: calc(12px + env(safe-area-inset-top, 0px));
    }
    .open .launcher {
      display: none;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .panel,
    .launcher {
      animation: none;
      transition: none;
    }
    .launcher:hover {
      transform: none;
    }
  }
`;
