"""Names that are markup, escapes or control characters, in every outlet."""

import contextlib
import io
import json
from pathlib import Path
from random import Random

from helpers import tiny

import mtlhelpers as mtl
from faults.case import RIGHT, Case
from mtlhelpers.cli import main
from mtlhelpers.escapes import UNSEEN
from mtlhelpers.model.export.model_card import card

NAMES = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\x1b[2Jgone",
    "\u202egnal", "a`b", "a|b", "\x9b31m", "](javascript:alert(1))", "&lt;", "\x07",
]  # fmt: skip
COUNT = len(NAMES) * 2


def _rows(name: str, in_words: bool) -> list[dict[str, object]]:
    word, label, kind = (name, "play", "x") if in_words else ("Ada", name, name)
    return [
        {"tokens": [word, "go", str(at)], "tags": [f"B-{kind}", "O", "O"]}
        | {"label": label if at % 2 else "other"}
        for at in range(40)
    ]


def _checked(rows: list[dict[str, object]], room: Path) -> tuple[str, str]:
    """What `check` prints of the sentences, and its page."""
    path, page = room / "rows.jsonl", room / "page.html"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        main(["check", str(path), "--html", str(page)])
        main(["corpus", str(path)])
    return printed.getvalue(), page.read_text(encoding="utf-8")


def texts(_: Random, room: Path, number: int) -> Case:
    """One hostile name, as a label and type or as a word, through all outlets."""
    name, in_words = NAMES[number // 2 % len(NAMES)], bool(number % 2)
    rows = _rows(name, in_words)

    def act() -> str:
        printed, page = _checked(rows, room)
        outlets = {"check": printed, "its page": page}
        corpus = mtl.Corpus.from_rows(rows)
        model = tiny.model(corpus)
        outlets |= {"describe": str(corpus), "card": card(model, {})}
        outlets["predict"] = "".join(map(str, model.predict([[name, "go"]])))
        for outlet, text in outlets.items():
            if UNSEEN.search(text):
                return f"a control character in {outlet}"
            markup = "<script>a" in text or "<img src=x" in text
            if markup and outlet in ("its page", "card"):
                return f"markup in {outlet}"
        return RIGHT

    return Case(f"{name!r} as a {'word' if in_words else 'label'}", act)
