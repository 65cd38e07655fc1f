"use strict";
// The board: every recorded way, corpus, size and backbone; a row opens its runs.

const KEYS = ["way", "corpus", "size", "backbone", "study"];

function picker(name, values) {
  const said = name === "size" ? sentences : String;
  const options = [make("option", "all", { value: "" }),
    ...values.map((value) => make("option", said(value), { value: String(value) }))];
  const select = make("select", "", { id: `pick-${name}`, "data-key": name }, options);
  return make("label", `${name === "size" ? "sentences" : name} `,
    { class: "choice", for: `pick-${name}` }, [select]);
}

function runsOf(row) {
  const heads = ["record", "seed", "accuracy", "F1 of names", "run it again"];
  const said = (value) => (value === null ? "–" : value.toFixed(2));
  return table(`Runs of ${wayOf(row)} on ${row.corpus}; ${row.settings}`, heads,
    row.runs.map(([id, seed, accuracy, f1]) =>
      [make("code", id), seed, said(accuracy), said(f1), command(rerun(row, id))]));
}

/** A button that opens the runs of its row below it, across all columns. */
function opener(row) {
  const text = row.runs.length === 1 ? "1 run" : `${row.runs.length} runs`;
  const button = make("button", text, { type: "button", "aria-expanded": "false" });
  button.addEventListener("click", () => {
    const own = button.closest("tr");
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) own.nextSibling.remove();
    else {
      own.after(make("tr", "", { role: "row", class: "runs" }, [
        make("td", "", { colspan: own.children.length, role: "cell" }, [runsOf(row)])]));
    }
  });
  return button;
}

function boardRow(row) {
  return [wayOf(row), row.corpus, sentences(row.size), row.backbone, score(row.scores[0]),
    score(row.scores[1]), whole(row.trainable), seconds(row.seconds), opener(row)];
}

function startBoard() {
  const rows = window.RECORDED.rows;
  const home = document.getElementById("board-app");
  const pickers = KEYS.map((key) => picker(key,
    [...new Set(rows.map((row) => row[key]))].sort((a, b) =>
      key === "size" ? (a ?? Infinity) - (b ?? Infinity) : String(a).localeCompare(b))));
  const found = make("div", "", { id: "rows", role: "status" });
  home.replaceChildren(
    make("form", "", { class: "explorer filters", "aria-label": "which rows" }, pickers), found);
  const heads = ["trains", "corpus", "sentences", "backbone", "accuracy", "F1 of names",
    "parameters that train", "seconds", "runs"];
  const show = () => {
    const wanted = [...home.querySelectorAll("select")].filter((one) => one.value);
    const shown = rows.filter((row) =>
      wanted.every((one) => String(row[one.dataset.key]) === one.value));
    found.replaceChildren(table(
      `${shown.length} of ${rows.length} rows. Test scores in per cent, with 97.5 % ` +
      "intervals over seeds.", heads, shown.map(boardRow)));
  };
  home.addEventListener("input", show);
  show();
  openLinked(rows);
}

/** A record named in the address (#ID) is shown with its runs. */
function openLinked(rows) {
  const id = location.hash.slice(1);
  const row = rows.find((one) => one.runs.some(([run]) => run === id));
  if (!row) return;
  const linked = make("section", "", { id: "linked" }, [
    make("h2", `Record ${id}`), runsOf(row)]);
  document.getElementById("board-app").prepend(linked);
  linked.scrollIntoView();
}

document.addEventListener("DOMContentLoaded", startBoard);
