"use strict";
// Asks what `sweep control` asks, with the token in the address that was printed. The token is kept for this
// tab alone, and taken out of the address bar.

const TOKEN = "token";
let isAsking = false;

function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get(TOKEN);
  if (given) {
    sessionStorage.setItem(TOKEN, given);
    history.replaceState(null, "", location.pathname);
  }
  showControls();
}

// Of a sweep that has ended, only what it has answered stays.
function showControls() {
  const hasToken = Boolean(sessionStorage.getItem(TOKEN));
  at("control").hidden = !last?.sweep || (isOver && !at("answer").textContent);
  at("controls").hidden = isOver || !hasToken;
  at("no-token").hidden = isOver || hasToken;
  if (isOver && at("sure").open) at("sure").close();
}

function showKnown({training, queued}) {
  const names = [...training.map(run => run.name), ...queued.names];
  if (changed("known runs", names))
    at("known-runs").replaceChildren(...names.map(value => element("option", {value})));
}

function showAnswer(text, isDone = true) {
  at("answer").className = isDone ? "" : "trouble";
  at("answer").textContent = text;
}

async function ask(action, given) {
  const response = await fetch("control", {
    method: "POST",
    headers: {"Content-Type": "application/json", Authorization: `Bearer ${sessionStorage.getItem(TOKEN)}`},
    body: JSON.stringify({action, given}),
  });
  return response.json();
}

// Resolves to whether somebody is sure; what is asked first is not done by pressing Enter twice.
function isSure(button, given) {
  at("question").textContent = button.dataset.sure.replace("{}", () => given);
  at("yes").textContent = button.textContent;
  at("no").onclick = () => at("sure").close("no");
  at("yes").onclick = () => at("sure").close("yes");
  at("sure").returnValue = "no";
  at("sure").showModal();
  return new Promise(resolve => {
    at("sure").addEventListener("close", () => resolve(at("sure").returnValue === "yes"), {once: true});
  });
}

async function submit(event) {
  event.preventDefault();
  const form = event.target, button = event.submitter, given = form.elements.given?.value.trim() ?? "";
  if (isAsking || (button.dataset.sure && !await isSure(button, given))) return;
  isAsking = true;
  showAnswer(`Asked to ${[button.value, given].join(" ").trim()} …`);
  try {
    const {is_done, text} = await ask(button.value, given);
    showAnswer(text, is_done);
    if (is_done) form.reset();
  } catch {
    showAnswer("sweep watch does not answer; whether the sweep does it is in its terminal.", false);
  }
  isAsking = false;
}

function showAll(state) {
  showControls();
  showKnown(state);
}

for (const form of document.querySelectorAll("#controls form")) form.addEventListener("submit", submit);
document.addEventListener("shown", event => showAll(event.detail));
window.addEventListener("hashchange", takeToken);
at("promise").textContent = "This page connects to nowhere else.";
takeToken();
if (last?.sweep) showAll(last);
