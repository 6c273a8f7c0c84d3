// Puts a question of the page into the chat.
for (const button of document.querySelectorAll("[data-say]")) {
  button.addEventListener("click", () => document.querySelector("frontdesk-chat").say(button.dataset.say));
}
