"use strict";
// What explorer and board share. Text goes in as text, never as markup.

/** Make an element with text, attributes and children. */
function make(tag, text = "", attributes = {}, children = []) {
  const made = document.createElement(tag);
  if (text !== "") made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A whole number with commas. */
const whole = (number) => Math.round(number).toLocaleString("en-US");

/** A score with its interval over seeds, or that of one seed. */
function score(found) {
  if (!found) return "not measured";
  const [mean, low, high] = found.map((one) => one.toFixed(1));
  return low === undefined ? `${mean} (one seed)` : `${mean} (${low} to ${high})`;
}

const sentences = (size) => (size === null ? "all" : whole(size));
const seconds = (taken) => (taken < 10 ? taken.toFixed(1) : whole(taken));
const memory = (bytes) => (bytes ? `${(bytes / 2 ** 30).toFixed(1)} GB` : "not recorded");

/** What a row trains, with what was trained before it. */
const wayOf = (row) =>
  (row.after ? `${row.way}; before it: ${row.after}` : row.way) + ` (“${row.arm}”)`;

const rerun = (row, id) => `python -m mtlhelpers rerun studies/${row.study} ${id}`;

/** A command with a button that copies it. */
function command(text) {
  const button = make("button", "copy", { type: "button", "aria-label": `copy ${text}` });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      button.textContent = "select the text to copy it";
    }
  });
  return make("span", "", { class: "command" }, [make("code", text), " ", button]);
}

/** A table whose cells carry their heading, for narrow screens. */
function table(caption, heads, rows) {
  const cells = (row) =>
    row.map((cell, n) => {
      const made = make("td", "", { "data-label": heads[n], role: "cell" });
      made.append(cell instanceof Node ? cell : String(cell));
      return made;
    });
  return make("table", "", { class: "stacks", role: "table" }, [
    make("caption", caption),
    make("thead", "", { role: "rowgroup" }, [
      make("tr", "", { role: "row" }, heads.map((head) =>
        make("th", head, { scope: "col", role: "columnheader" }))),
    ]),
    make("tbody", "", { role: "rowgroup" }, rows.map((row) =>
      make("tr", "", { role: "row" }, cells(row)))),
  ]);
}
