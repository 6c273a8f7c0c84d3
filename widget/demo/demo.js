/** Buttons that put their question into the chat. They stay disabled until the chat is there. */

const chat = document.querySelector("frontdesk-chat");
const buttons = document.querySelectorAll("button[data-say], button[data-open]");

function press(button) {
  if (button.dataset.say) chat.say(button.dataset.say);
  else chat.open();
}

async function connect() {
  // The page loads this file too; a second import waits for it and tells when it could not be loaded.
  await import("/widget/frontdesk-chat.js");
  await chat.updateComplete;
  for (const button of buttons) {
    button.addEventListener("click", () => press(button));
    button.disabled = false;
  }
}

connect().catch(() => {
  document.querySelector("#no-chat").hidden = false;
});
