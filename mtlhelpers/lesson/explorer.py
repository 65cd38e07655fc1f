"""The explorer of recorded runs, in a notebook: choose what trains, and see its price.

Lesson: 02_counting_parameters. It is the site's explorer, by the same scripts on the
same rows, as one page inside the cell's output: it loads nothing. The table above it is
there where scripts do not run, and in print.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from mtlhelpers.lesson.machine import studies_folder
from mtlhelpers.lesson.recorded import TUNED, recorded_rows
from mtlhelpers.model.backbones import backbone_config
from mtlhelpers.model.counting import trained_sizes
from mtlhelpers.model.scenarios import LORA_RANK, SCENARIOS
from mtlhelpers.study.protocol import CORPUS_NAMES, PUBLISHED
from mtlhelpers.study.records.arms import Studies

EXPLORED = ("minilm", "bert-base-uncased")
# What a part has to train, by the scenario that trains it.
_MEASURES = {"whole": "none_frozen", "biases": "bitfit", "norms": "layernorm"}
_PARTS = {"embeddings": "backbone.embeddings", "layer": "backbone.layer.0"}
_ADAPTERS = ("lora", "lora_qv")
# Where settings were chosen for each way, and a task is added to a trained model.
_STUDIES = (*TUNED, "one_head_frozen")
_SCRIPTS = ("mtl.js", "explorer.js")
_CORPUS, _SIZE, _MOST = CORPUS_NAMES[PUBLISHED[0]], 300, 8  # of the table, and its rows
_NO_SCRIPTS = (
    "Scripts do not run here. The table shows some of what the explorer knows."
)
_STYLE = """
:root { color-scheme: light dark; --pst-color-border: #aaa; --pst-color-warning: #d95;
  --pst-color-text-muted: #777; }
body { font: 14px/1.5 system-ui, sans-serif; margin: 0.3rem; }
table { border-collapse: collapse; }
"""


@dataclass(frozen=True)
class Explorer:
    """What was recorded, ready to be explored in a notebook."""

    rows: Sequence[dict[str, Any]]  # as `recorded_rows` gives them
    scripts: Path  # the folder of the site's scripts

    def __repr__(self) -> str:
        return self.table.to_string(index=False)

    def _repr_html_(self) -> str:
        page = escape(self.page, quote=False).replace("'", "&#39;")
        looks = "title='Explorer' sandbox='allow-scripts' width='100%' height='640'"
        table = self.table.to_html(index=False)
        return f"{table}<iframe {looks} srcdoc='{page}'></iframe>"

    @cached_property
    def table(self) -> pd.DataFrame:
        """Ways to train both tasks, by their first runs on one corpus at one size."""
        found: dict[str, dict[str, str]] = {}
        for row in self.rows:
            there = (row["corpus"], row["size"]) == (_CORPUS, _SIZE)
            if there and not row["after"] and not row["way"].endswith(" alone"):
                found.setdefault(row["way"], _priced(row))
        return pd.DataFrame(list(found.values())[:_MOST])

    @property
    def page(self) -> str:
        """The explorer as a page of its own, scripts and rows in it."""
        rows = [
            {**row, "settings": "", "runs": [seed for _, seed, *_ in row["runs"]]}
            for row in self.rows
        ]
        code = [records_script(rows).replace("</", "<\\/")]
        code += [(self.scripts / name).read_text(encoding="utf-8") for name in _SCRIPTS]
        looks = _STYLE + (self.scripts / "mtl.css").read_text(encoding="utf-8")
        return (
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            f"<title>Explorer</title><style>{looks}</style></head><body>"
            f"<noscript>{_NO_SCRIPTS}</noscript><div id='explorer-app'></div>"
            f"<script>{chr(10).join(code)}</script></body></html>"
        )


def show_explorer() -> Explorer:
    """Show which parts trained in recorded runs, what they cost, and their scores.

    Choose what trains, part by part, and the number of sentences. Raises `StudyError`
    outside a clone of the repository, which alone has the records.
    """
    folder = studies_folder()
    rows = recorded_rows(Studies.below(folder), _STUDIES)
    return Explorer(list(rows), folder.parent / "site" / "_static")


def records_script(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as a script, which a page may load from a disk."""
    sizes = {name: backbone_sizes(name) for name in EXPLORED}
    held = {"sizes": sizes, "rows": list(rows)}
    return f"window.RECORDED = {json.dumps(held, separators=(',', ':'))};\n"


def backbone_sizes(name: str) -> dict[str, Any]:
    """Return the sizes of a backbone: layers are alike, so one stands for all."""
    config = backbone_config(name)
    scenarios = {*_MEASURES.values(), *_ADAPTERS}
    counts = {s: trained_sizes(config, SCENARIOS[s], 1, 1) for s in scenarios}
    return {
        "name": name,
        "depth": config.num_hidden_layers,
        "width": config.hidden_size,
        "parts": {
            part: {said: counts[s][key] for said, s in _MEASURES.items()}
            for part, key in _PARTS.items()
        },
        "lora": {one: counts[one]["backbone.lora"] for one in _ADAPTERS},
        "rank": LORA_RANK,
    }


def _priced(row: dict[str, Any]) -> dict[str, str]:
    """What trained and what it cost, as a row of the table."""
    memory = row["memory"]
    scores = [f"{score[0]:.1f}" if score else "" for score in row["scores"]]
    return {
        "trains": row["way"],
        "parameters": f"{row['trainable']:,}",
        "peak memory": f"{memory / 2**30:.1f} GB" if memory else "not recorded",
        "seconds": f"{row['seconds']:,.0f}",
        **dict(zip(("labels, %", "names, F1 in %"), scores)),
    }
