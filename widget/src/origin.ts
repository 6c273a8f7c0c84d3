/** Where this script came from: the server to talk to when the page names none. Asked while the script is loading. */
function scriptOrigin(): string {
  // A module has no `currentScript`, and `import.meta` is an error in what is no module; the tag tells in both cases.
  const script = document.currentScript ?? document.querySelector('script[src*="frontdesk-chat"]');
  return script instanceof HTMLScriptElement && script.src ? new URL(script.src).origin : location.origin;
}

export const DEFAULT_SERVER = scriptOrigin();
