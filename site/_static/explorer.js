"use strict";
// The explorer: what trains, part by part, and how much data → what was recorded.

const WAYS_TO_MOVE = {
  parts: "the parts ticked below",
  biases: "its biases alone (BitFit)",
  norms: "its layer norms alone",
  lora: "LoRA adapters on every linear map",
  lora_qv: "LoRA adapters on query and value",
};

/** The number of parameters that train, from the sizes of the parts. */
function trainable(sizes, choice) {
  const { parts, depth, width, lora } = sizes;
  let count = 0;
  if (choice.how === "parts") {
    for (const part of choice.parts) {
      count += part === "embeddings" ? parts.embeddings.whole : parts.layer.whole;
    }
  } else if (choice.how in lora) {
    count += lora[choice.how];
  } else {
    count += parts.embeddings[choice.how] + depth * parts.layer[choice.how];
  }
  if (choice.sentence) count += (width + 1) * choice.labels;
  if (choice.ner) count += (width + 1) * choice.tags;
  return count;
}

const total = ({ parts, depth, width }, choice) =>
  parts.embeddings.whole + depth * parts.layer.whole +
  (width + 1) * (choice.labels + choice.tags);

/** The choice as records name it: parts in order. */
function named(choice) {
  const parts = choice.how === "parts" ? [...choice.parts]
    : choice.how === "lora_qv" ? ["lora.query", "lora.value"] : [choice.how];
  if (choice.sentence) parts.push("sentence_classifier");
  if (choice.ner) parts.push("ner_classifier");
  return parts.sort();
}

/** How many parts two choices differ in. */
const apart = (one, other) =>
  one.filter((part) => !other.includes(part)).length +
  other.filter((part) => !one.includes(part)).length;

/** Recorded rows of the very choice, nearest in size; and else of the nearest choice. */
function nearest(rows, choice) {
  const parts = named(choice);
  const own = rows.filter((row) => row.backbone === choice.backbone && row.size &&
    (choice.corpus === "any" || row.corpus === choice.corpus));
  if (!own.length) return { exact: false, rows: [] };
  const least = Math.min(...own.map((row) => apart(row.trains, parts)));
  const alike = own.filter((row) => apart(row.trains, parts) === least);
  const far = (row) => Math.abs(Math.log(row.size / choice.sentences));
  const best = new Map();
  for (const row of alike) {
    const key = [row.corpus, row.arm, row.study, row.after].join("|");
    if (!best.has(key) || far(row) < far(best.get(key))) best.set(key, row);
  }
  const found = [...best.values()].sort((a, b) => far(a) - far(b));
  return { exact: least === 0, rows: found.slice(0, 12) };
}

function fieldset(legend, children) {
  return make("fieldset", "", {}, [make("legend", legend), ...children]);
}

function ticked(id, text, on = true) {
  const box = make("input", "", { type: "checkbox", id, ...(on ? { checked: "" } : {}) });
  return make("label", "", { class: "choice", for: id }, [box, ` ${text}`]);
}

function chosen(id, text, options) {
  const select = make("select", "", { id }, Object.entries(options).map(([value, said]) =>
    make("option", said, { value })));
  return make("label", `${text} `, { class: "choice", for: id }, [select]);
}

function number(id, text, value, most) {
  const box = make("input", "", { type: "number", id, value, min: 1, max: most });
  return make("label", `${text} `, { class: "choice", for: id }, [box]);
}

function form(data) {
  const corpora = [...new Set(data.rows.map((row) => row.corpus))];
  const byName = (names) => Object.fromEntries(names.map((name) => [name, name]));
  return make("form", "", { class: "explorer", "aria-label": "what trains" }, [
    fieldset("The backbone", [
      chosen("backbone", "model", byName(Object.keys(data.sizes))),
      chosen("how", "what of it trains:", WAYS_TO_MOVE),
      make("div", "", { id: "parts", class: "parts" }),
    ]),
    fieldset("The heads", [
      ticked("sentence", "the sentence head trains"),
      ticked("ner", "the NER head trains"),
      number("labels", "labels", 7, 10000),
      number("tags", "tags", 13, 10000),
    ]),
    fieldset("The data", [
      number("sentences", "training sentences", 300, 10000000),
      chosen("corpus", "like", { any: "any corpus", ...byName(corpora) }),
    ]),
  ]);
}

function drawParts(sizes) {
  const names = ["embeddings"];
  for (let n = 1; n <= sizes.depth; n += 1) names.push(`layer ${n}`);
  document.getElementById("parts").replaceChildren(...names.map((name) =>
    ticked(`part ${name}`.replaceAll(" ", "-"), name)));
}

function read(data) {
  const value = (id) => document.getElementById(id).value;
  const on = (id) => document.getElementById(id).checked;
  const count = (id) => Math.max(1, Math.round(Number(value(id))) || 1);
  const backbone = value("backbone");
  const parts = [...document.querySelectorAll("#parts label")]
    .filter((label) => label.firstChild.checked)
    .map((label) => label.textContent.trim());
  return { backbone, parts, how: value("how"), sentence: on("sentence"), ner: on("ner"),
    labels: count("labels"), tags: count("tags"), sentences: count("sentences"),
    corpus: value("corpus"), sizes: data.sizes[backbone] };
}

function answer(data, choice) {
  const count = trainable(choice.sizes, choice);
  const all = total(choice.sizes, choice);
  const share = (100 * count) / all;
  const held = 4 * (all + 3 * count); // bytes: weights; a gradient and two means of AdamW
  const found = nearest(data.rows, choice);
  const said = [make("p", "", {}, [
    make("strong", `${whole(count)} parameters train`),
    `, ${share < 0.1 ? "less than 0.1" : share.toFixed(1)} % of the model. `,
    `Weights, gradients and AdamW's two means take ${whole(held / 1e6)} MB; `,
    "what a batch keeps for its backward pass comes on top.",
  ])];
  if (!found.exact) {
    said.push(make("p", found.rows.length
      ? "Not measured: no recorded run trains exactly this on this backbone. " +
        "The nearest recorded choice is below; it is another one."
      : "Not measured: nothing is recorded on this backbone and corpus.",
      { class: "not-measured" }));
  }
  if (found.rows.length) said.push(resultTable(found.rows));
  return said;
}

function resultTable(rows) {
  const heads = ["corpus", "trains", "sentences", "accuracy", "F1 of names", "seconds",
    "peak memory", "seeds"];
  return table(
    "Recorded runs nearest in size, test scores in per cent with 97.5 % intervals over " +
    "seeds. Seconds and memory are those of the machine that ran them, libraries included.",
    heads, rows.map((row) => [row.corpus, wayOf(row), sentences(row.size),
      score(row.scores[0]), score(row.scores[1]), seconds(row.seconds), memory(row.memory),
      row.runs.length]));
}

function start() {
  const data = window.RECORDED;
  const home = document.getElementById("explorer-app");
  const output = make("div", "", { id: "found", role: "status", "aria-live": "polite" });
  home.replaceChildren(form(data), output);
  const show = () => {
    const choice = read(data);
    const whole = choice.how === "parts";
    for (const box of document.querySelectorAll("#parts input")) box.disabled = !whole;
    output.replaceChildren(...answer(data, choice));
  };
  drawParts(data.sizes[document.getElementById("backbone").value]);
  home.addEventListener("input", (event) => {
    if (event.target.id === "backbone") drawParts(data.sizes[event.target.value]);
    show();
  });
  home.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  show();
}

if (typeof document !== "undefined") document.addEventListener("DOMContentLoaded", start);
