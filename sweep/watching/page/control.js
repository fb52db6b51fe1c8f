"use strict";
// Asks what `sweep control` asks, with the token in the address that was printed. The token is kept for this
// tab alone, and taken out of the address bar.

const TOKEN = "token";
const UNHEARD = "sweep watch does not answer; whether the sweep does it is in its terminal.";
const LEAST_DIGITS = 4;  // of an id
const awaited = new Set();  // what was asked, in words, and is not answered yet

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
  const hasToken = Boolean(sessionStorage.getItem(TOKEN)), why = last?.not_steered ?? "";
  at("control").hidden = !last?.sweep || (isOver && !at("answer").textContent);
  at("controls").hidden = isOver || !hasToken || why !== "";
  at("no-token").hidden = isOver || hasToken || why !== "";
  at("not-steered").hidden = isOver || why === "";
  at("not-steered").textContent = why;
  if (isOver && at("sure").open) at("sure").close();
}

function showKnown({training, queued}) {
  const names = [...training.map(run => run.name), ...queued.names];
  if (changed("known runs", names))
    at("known-runs").replaceChildren(...names.map(value => element("option", {value})));
}

// Until it is answered; what was answered before goes.
function showAsked(words) {
  for (const each of at("answer").querySelectorAll(".answered")) each.remove();
  const line = element("p", {}, `Asked: ${words} …`);
  at("answer").append(line);
  return line;
}

function showAnswer(line, {is_done, text}) {
  line.className = is_done ? "answered" : "answered trouble";
  line.textContent = text;
}

async function ask(action, given) {
  try {
    const response = await fetch("control", {
      method: "POST",
      headers: {"Content-Type": "application/json", Authorization: `Bearer ${sessionStorage.getItem(TOKEN)}`},
      body: JSON.stringify({action, given}),
    });
    if (response.status === 403) sessionStorage.removeItem(TOKEN);  // it is of an earlier start
    if (response.headers.get("Content-Type") === "application/json") return await response.json();
    const why = (await response.text()).trim().replace(/\.$/, "");
    const text = `sweep watch answers ${response.status}, ${why}. If it was started again, load this page again.`;
    return {is_done: false, text};
  } catch {
    return {is_done: false, text: UNHEARD};
  }
}

// An id is told by the name of its run, if that trains.
function called(given) {
  const meant = given.length >= LEAST_DIGITS ? last.training.find(run => run.id.startsWith(given)) : null;
  return meant ? `${meant.name} (${given})` : given;
}

// Resolves to whether somebody is sure; what is asked first is not done by pressing Enter twice.
function isSure(button, given) {
  at("question").textContent = button.dataset.sure.replace("{}", () => called(given));
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
  const form = event.target, button = event.submitter, field = form.elements.given;
  const given = field?.value.trim() ?? "", words = `${button.value} ${given}`.trim();
  if (awaited.has(words) || (button.dataset.sure && !await isSure(button, given))) return;
  awaited.add(words);
  const line = showAsked(words), reply = await ask(button.value, given);
  awaited.delete(words);
  showAnswer(line, reply);
  showControls();
  if (reply.is_done && field?.value.trim() === given) form.reset();
}

function showAll(state) {
  showControls();
  showKnown(state);
}

for (const form of document.querySelectorAll("#controls form")) form.addEventListener("submit", submit);
document.addEventListener("shown", event => showAll(event.detail));
at("promise").textContent = "This page connects to nowhere else.";
takeToken();
if (last?.sweep) showAll(last);
