// Two runs side by side: those of their curves that are drawn already, and what is in the table.
const two = document.getElementById("two-runs"), curves = document.querySelector("#curves svg");
if (two && curves && two.querySelector("select")) {
  const selects = [...two.querySelectorAll("select")], body = two.querySelector("tbody");
  const drawn = new Set([...curves.querySelectorAll("a")].map(each => each.getAttribute("href").slice(1)));
  const runs = [...document.querySelectorAll("tr[id^='run-']")].filter(row => drawn.has(row.id));
  const heads = [...runs[0].closest("table").tHead.rows[0].cells];
  const element = (name, text, more) => Object.assign(document.createElement(name), {textContent: text, ...more});
  const compared = () => heads.flatMap((head, column) => {
    const cells = selects.map(select => document.getElementById(select.value).cells[column]);
    const [one, other] = cells.map(cell => cell.dataset.key), kind = head.dataset.kind;
    if (!kind || (kind === "field" ? one === other : !one && !other)) return [];
    const row = document.createElement("tr");
    row.append(element("th", head.textContent, {scope: "row"}), ...cells.map(cell => {
      const copy = element("td", cell.textContent, {className: "number"});
      copy.dataset.key = cell.dataset.key;
      return copy;
    }));
    return [row];
  });
  const figure = () => {
    const copy = curves.cloneNode(true);
    for (const each of copy.querySelectorAll("a")) {
      const place = selects.findIndex(select => `#${select.value}` === each.getAttribute("href"));
      if (place < 0) each.remove(); else each.setAttribute("class", ["one", "other"][place]);
    }
    // The key to all runs' colours, and the crosses of those that failed.
    for (const each of copy.querySelectorAll("[id$='-key'], [id*='PathCollection']")) if (!each.querySelector("a")) each.remove();
    for (const each of copy.querySelectorAll("style")) each.remove();
    for (const each of [copy, ...copy.querySelectorAll("[id]")]) each.removeAttribute("id");
    return copy;
  };
  const compare = () => {
    body.replaceChildren(...compared());
    two.querySelector("figure").replaceChildren(figure());
  };
  for (const select of selects) {
    const first = select.value;
    select.replaceChildren(...runs.map(row => new Option(row.dataset.about, row.id, row.id === first, row.id === first)));
    select.disabled = false;
    select.addEventListener("change", compare);
  }
}
// The confusion matrix of another run.
const matrix = document.querySelector("#confusion select");
if (matrix) {
  const rows = [...document.querySelectorAll("#confusion tbody tr")].map(row => [...row.querySelectorAll("td")]);
  matrix.disabled = false;
  matrix.addEventListener("change", () => {
    const counts = matrix.value.split(" ").map(Number);
    const most = Math.max(1, ...counts.filter((_, place) => place % (rows.length + 1)));
    rows.forEach((cells, row) => cells.forEach((cell, column) => {
      const count = counts[row * rows.length + column];
      cell.textContent = count || "";
      cell.style.setProperty("--s", row === column ? 0 : count / most);
    }));
  });
}
