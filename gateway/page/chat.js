// The plain chat page: posts to /chat/messages and shows replies as text, never as markup.
const log = document.getElementById("log");
const form = document.getElementById("form");
const field = document.getElementById("text");
const send = form.querySelector("button");

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function show(className, text) {
  const turn = element("div", `turn ${className}`, text);
  log.append(turn);
  turn.scrollIntoView({ block: "end" });
  return turn;
}

function sourceList(sources) {
  const list = element("ul", "sources");
  for (const source of sources) {
    const item = element("li");
    const safe = /^https?:\/\//.test(source.url);
    const name = element(safe ? "a" : "span", "", source.title);
    if (safe) Object.assign(name, { href: source.url, target: "_blank", rel: "noopener noreferrer" });
    const day = new Date(source.updated_at);
    const time = element("time", "", ` · updated ${day.toLocaleDateString("en", { dateStyle: "medium" })}`);
    time.dateTime = source.updated_at;
    item.append(name, time);
    list.append(item);
  }
  return list;
}

function choices(buttons) {
  const row = element("div", "choices");
  for (const { title, token } of buttons) {
    const button = element("button", "", title);
    button.type = "button";
    button.onclick = () => { row.remove(); ask(title, token); };
    row.append(button);
  }
  return row;
}

function showReply(turn, reply) {
  turn.textContent = reply.text;
  if (reply.status !== "answered") turn.classList.add("failed");
  const sources = reply.evidence?.sources ?? [];
  if (sources.length) turn.append(sourceList(sources));
  if (reply.buttons?.length) turn.append(choices(reply.buttons));
}

async function ask(text, button) {
  show("me", text);
  const turn = show("bot waiting", "");
  turn.setAttribute("aria-label", "Looking for an answer");
  send.disabled = true;
  try {
    const response = await fetch("/chat/messages", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ message: text, button }),
    });
    const body = await response.json();
    if (response.ok) showReply(turn, body);
    else { turn.textContent = body.message; turn.classList.add("failed"); }
  } catch {
    turn.textContent = "Your message didn't reach us. Please check your connection and send it again.";
    turn.classList.add("failed");
    field.value ||= text;
  } finally {
    turn.classList.remove("waiting");
    turn.removeAttribute("aria-label");
    turn.scrollIntoView({ block: "end" });
    send.disabled = false;
    field.focus();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = field.value.trim();
  if (!text || send.disabled) return;
  field.value = "";
  ask(text);
});
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
});
show("bot", "Hello! Ask me anything about Harborlight: plans, the apps, backing up, restoring, sharing, security or the API.");
