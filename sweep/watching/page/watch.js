"use strict";
// Shows what /state and /figures say. All texts are put in as text: names in a record may be anything.

const MOST_NAMES = 5;  // of runs that are queued
const STATE_MS = 3000, FIGURES_MS = 20000, FIRST_FIGURES_MS = 3000;
const STATES = {
  running: "running", paused: "paused", finished: "finished", failed: "some runs failed", killed: "interrupted",
  gone: "its process is gone",
};
const OVER = {
  finished: "The sweep has ended.",
  failed: "The sweep has ended, and some runs failed.",
  killed: "The sweep was interrupted. The same command goes on with it.",
  gone: "The sweep's process has ended without closing its record. The same command goes on with it.",
};
const at = id => document.getElementById(id);
const told = {};  // what each part shows now, so that it is made anew only when that changes
let last = null, isOver = false;

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function drawing(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function changed(part, value) {
  const text = JSON.stringify(value);
  if (told[part] === text) return false;
  told[part] = text;
  return true;
}

function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.round(minutes / 1440)} days`;
}

// A long name breaks after its commas.
function breakable(text) {
  return text.split(/(?<=,)/).flatMap(part => [part, document.createElement("wbr")]);
}

const time = ms => new Date(ms).toLocaleString(undefined, {dateStyle: "medium", timeStyle: "short"});
const number = value => Math.abs(value) >= 1e5 ? value.toExponential(2) : value.toFixed(value < 10 ? 4 : 2);
const count = (amount, word) => `${amount.toLocaleString()} ${word}${amount === 1 ? "" : "s"}`;
const named = some => [...some.names, ...(some.more ? [`and ${some.more.toLocaleString()} more`] : [])];

// --- the state ---

function show(state) {
  last = state;
  showTrouble(state.trouble);
  if (!state.sweep) return;
  isOver = state.is_over && !state.trouble;
  showHead(state);
  showCounts(state);
  showTraining(state);
  showLeaderboard(state);
  showFailures(state.failures);
  if (isOver) at("read").textContent = `Read ${time(state.read_ms)}; it is not read again until the page is loaded again.`;
  else at("read").textContent = `Read ${new Date(state.read_ms).toLocaleTimeString()}.`;
  document.dispatchEvent(new CustomEvent("shown", {detail: state}));
}

function showTrouble(trouble) {
  if (!changed("trouble", trouble)) return;
  at("trouble").hidden = !trouble;
  at("trouble").textContent = trouble ? `Not up to date: ${trouble}` : "";
}

function showHead({sweep, is_over, seconds_left, read_ms}) {
  document.title = `${STATES[sweep.state] ?? sweep.state}: ${sweep.name}`;
  if (changed("name", sweep.name)) at("name").replaceChildren(...breakable(sweep.name));
  at("state").textContent = STATES[sweep.state] ?? sweep.state;
  at("state").className = `badge ${STATES[sweep.state] ? sweep.state : ""}`;
  const took = ((sweep.ended_ms ?? read_ms) - sweep.started_ms) / 1000;
  at("left").textContent = is_over ? "" : seconds_left === null ? "" : `about ${duration(seconds_left)} left`;
  const lasts = sweep.state === "gone" ? "" : `, ${is_over ? "took" : "for"} ${duration(took)}`;
  at("about").textContent = `Began ${time(sweep.started_ms)}${lasts}. Experiment ${sweep.experiment}, sweep ${sweep.id.slice(0, 8)}.`;
}

function showCounts({sweep, counts, in_all, is_over}) {
  if (!changed("counts", [sweep.state, counts, in_all])) return;
  const words = counts.map(([state, amount]) => `${amount.toLocaleString()} ${state}`).join(", ");
  const summary = in_all ? `${count(in_all, "run")}: ${words}.` : "No run has begun yet.";
  at("summary").textContent = is_over ? `${OVER[sweep.state] ?? "The sweep has ended."} ${summary}` : summary;
  const kind = state => state.split(" ")[0];  // a class: "not begun" and "left open" have one, too
  at("bar").replaceChildren(...counts.map(([state, amount]) => {
    const part = element("span", {className: kind(state)});
    part.style.flexGrow = amount;
    return part;
  }));
  at("counts").replaceChildren(...counts.map(([state, amount]) =>
    element("li", {className: kind(state)}, `${amount.toLocaleString()} ${state}`)));
}

function showTraining({training, training_more, queued, is_over}) {
  if (!changed("training", [training, training_more, queued, is_over])) return;
  const waiting = queued.names.length + queued.more, some = queued.names.slice(0, MOST_NAMES);
  at("training").hidden = is_over || !(training.length || waiting);
  at("runs").replaceChildren(...training.map(card));
  const more = training_more ? `And ${count(training_more, "more run")} that ${training_more === 1 ? "trains" : "train"}. ` : "";
  const next = some.length ? `Queued: ${named({names: some, more: waiting - some.length}).join(" · ")}` : "";
  at("next").textContent = more + next;
}

function card(run) {
  const facts = [run.epochs ? `epoch ${run.epoch} of ${run.epochs}` : `epoch ${run.epoch}`];
  if (run.epoch_seconds !== null) facts.push(`${run.epoch_seconds.toPrecision(2)} s each`);
  if (run.seconds_left !== null) facts.push(`about ${duration(run.seconds_left)} left`);
  const made = element("article", {className: "run"},
    element("h3", {}, ...breakable(run.name)), element("p", {className: "muted"}, facts.join(" · ")));
  if (run.curves.some(curve => curve.points.length)) made.append(chart(run), key(run.curves));
  return made;
}

const WAYS = ["first", "second"];

function key(curves) {
  return element("div", {className: "key"}, ...curves.map((curve, place) => {
    const value = curve.points.length ? ` ${number(curve.points.at(-1)[1])}` : "";
    return element("span", {className: WAYS[place]}, curve.name + value);
  }));
}

function chart(run) {
  const width = 320, height = 120, left = 46, right = 8, top = 8, bottom = 20;
  const points = run.curves.flatMap(curve => curve.points);
  const values = points.map(([, value]) => value);
  let low = Math.min(...values), high = Math.max(...values);
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 20, high + (Math.abs(high) || 1) / 20];
  const end = Math.max(run.epochs ?? 1, ...points.map(([epoch]) => epoch), 2);
  const x = epoch => left + (epoch - 1) / (end - 1) * (width - left - right);
  const y = value => height - bottom - (value - low) / (high - low) * (height - top - bottom);
  const place = ([epoch, value]) => `${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`;
  const label = run.curves.filter(curve => curve.points.length).map(curve =>
    `${curve.name} ${number(curve.points[0][1])} to ${number(curve.points.at(-1)[1])}`).join(", ");
  const text = (at, height, anchor, content) =>
    drawing("text", {x: at, y: height, "text-anchor": anchor}, content);
  const made = drawing("svg", {viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": `Curves: ${label}`},
    drawing("path", {class: "frame", d: `M${left} ${top} V${height - bottom} H${width - right}`}),
    text(left - 5, top + 8, "end", short(high)), text(left - 5, height - bottom, "end", short(low)),
    text(left, height - 5, "start", "1"), text(width - right, height - 5, "end", `epoch ${end}`));
  run.curves.forEach((curve, number) => {
    if (!curve.points.length) return;
    made.append(drawing("path", {class: WAYS[number], d: `M${curve.points.map(place).join(" L")}`}));
    const [epoch, value] = curve.points.at(-1);
    made.append(drawing("circle", {class: WAYS[number], cx: x(epoch).toFixed(1), cy: y(value).toFixed(1), r: 3}));
  });
  return made;
}

const short = value => Math.abs(value) >= 1e4 ? value.toExponential(0) : value.toPrecision(3);

function showLeaderboard({leaderboard, metric}) {
  if (!changed("leaderboard", leaderboard)) return;
  at("leaderboard").hidden = !leaderboard;
  if (!leaderboard) return;
  const more = leaderboard.more ? ` ${leaderboard.rows.length} of ${leaderboard.rows.length + leaderboard.more} are shown.` : "";
  const ties = leaderboard.ties ? ` ${leaderboard.ties}.` : "";
  at("ranked-by").textContent = `By ${metric}, the best first; runs that differ only in their seed are one row.${ties}${more}`;
  const kind = place => leaderboard.columns[place][1] ? "number" : "";
  at("columns").replaceChildren(element("tr", {}, ...leaderboard.columns.map(([name], place) =>
    element("th", {scope: "col", className: kind(place)}, name))));
  at("rows").replaceChildren(...leaderboard.rows.map(row => element("tr", {}, ...row.map((cell, place) =>
    element("td", {className: kind(place)}, cell)))));
}

function showFailures(failures) {
  if (!changed("failures", failures)) return;
  at("failures").hidden = !failures.length;
  at("reasons").replaceChildren(...failures.map(each => element("li", {},
    element("p", {}, element("strong", {}, `${count(each.names.length + each.more, "run")} ${each.state}: `), each.reason),
    element("p", {className: "muted"}, named(each).join(" · ")))));
}

// --- the figures ---

function showFigures(figures) {
  if (!changed("figures", [figures.version, figures.parts, figures.trouble])) return;
  const trouble = figures.trouble
    ? [element("p", {className: "trouble"}, `The figures are not up to date: ${figures.trouble}`)] : [];
  at("figures").replaceChildren(...trouble, ...figures.parts.map(part => element("section", {className: "card"},
    element("h2", {}, part.title), element("p", {className: "muted"}, part.text),
    element("div", {className: part.pictures.length > 1 ? "pictures" : "pictures one"},
      ...part.pictures.map(each => picture(part, each, figures.version))))));
}

const WIDE = 800;  // pixels, from which on a figure is not made as narrow as a phone

function picture(part, {number, label}, version) {
  const image = element("img", {src: `figures/${number}?${version}`, alt: `${part.title}: ${label}`});
  const made = element("div", {}, image);
  image.addEventListener("load", () => {
    if (image.naturalWidth < WIDE) return;
    image.classList.add("wide");
    made.tabIndex = 0;  // it can be moved by keys where it is wider than the page
  });
  return made;
}

// --- asking ---

async function answer(path) {
  const response = await fetch(path, {cache: "no-store"});
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
}

const seen = () => new Promise(resolve => {
  if (!document.hidden) resolve();
  else document.addEventListener("visibilitychange", () => resolve(), {once: true});
});
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

async function keepState() {
  while (!isOver) {
    await seen();
    try {
      show(await answer("state"));
    } catch {
      showTrouble("sweep watch does not answer; the page goes on when it does.");
    }
    if (!isOver) await pause(STATE_MS);
  }
}

async function keepFigures() {
  for (let hadTrouble = false;;) {
    await seen();
    let figures = null;
    try {
      figures = await answer("figures");
      showFigures(figures);
    } catch { /* the state says so */ }
    if (isOver && figures) {
      if (figures.read_ms >= last.read_ms || (figures.trouble && hadTrouble)) return;
      hadTrouble = Boolean(figures.trouble);  // once more, when they have been read again
    }
    const isSoon = !figures?.trouble && (isOver || !figures?.read_ms);
    await pause(isSoon ? FIRST_FIGURES_MS : FIGURES_MS);
  }
}

// An address that is opened in the tab of the same page changes nothing but this; a token in it is read at loading.
window.addEventListener("hashchange", () => {
  if (new URLSearchParams(location.hash.slice(1)).has("token")) location.reload();
});

Promise.all([keepState(), keepFigures()]).then(() => { document.body.dataset.over = "true"; });
