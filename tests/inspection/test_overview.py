"""The command `check`: lines, JSON, a page, and its exit status."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mtlhelpers.cli import main
from mtlhelpers.errors import BackboneError
from mtlhelpers.inspection import pieces
from mtlhelpers.inspection.overview import look_through
from mtlhelpers.inspection.page import page_of

EVIL = "<script>alert('\x1b[31m')</script>&\u202e"
LINES = [
    f"{verb} {noun} please,{label}"
    for noun in ("jazz", "rock", "folk", "soul", "funk", "punk", "blues")
    for verb, label in (("play", "music"), ("sing", "music"), ("call", "phone"))
]


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(*more: str, name: str = "a.csv") -> str:
    text = "\n".join(["text,label", *LINES, *more])
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_sentences_in_order(capsys):
    assert main(["check", write()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a: a.csv, read as csv"
    assert ["music", "11", "3"] in [line.split() for line in lines]
    assert any(line.startswith("word pieces: 5.") for line in lines)
    assert any(line.startswith("training everything once: about") for line in lines)
    assert lines[-1] == "nothing to mend, 2 to think about"


def test_the_cost_is_that_of_what_compare_runs():
    """Everything and heads first cost alike, LoRA twice that, freezing hardly any."""
    costs = look_through(write()).seconds
    once, compared = costs["training everything once"], [*costs.values()][1]
    assert compared == pytest.approx(2 * (1 + 1 + 2) * once)


def test_faults_are_listed_and_set_the_status(capsys):
    assert main(["check", write(",music", "odd", "hi,")]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("✗ 2 places cannot be read. Each says what to do.")
    assert (
        lines[at + 1]
        == "    a.csv, line 23: no text. Fill it in, or leave the sentence out."
    )
    assert "a.csv, line 24: 1 cells, but the first line names 2" in lines[at + 2]


def test_json_is_valid_and_holds_everything(capsys):
    assert main(["check", write(f'"{EVIL}",music'), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["train"]["sentences"] == 17
    assert found["labels"]["phone"] == {"train": 5, "test": 2}
    assert found["pieces"]["longest"] > 5
    assert found["to_mend"] == 0
    assert main(["check", "a.csv", "--json", "a.json", "--html", "a.html"]) == 0
    assert json.loads(Path("a.json").read_text("utf-8")) == found
    assert capsys.readouterr().out.endswith("to think about\n")


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.opened.append(tag)
        self.links += [value for key, value in attrs if key in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_obeys_no_sentence_and_loads_nothing():
    overview = look_through(write(f'"{EVIL}","{EVIL}"', f'"{EVIL}",music', ","))
    page = page_of(overview)
    tags = Tags(page)
    assert tags.open == [] and tags.links == []
    assert "script" not in tags.opened
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page and "\u202e" not in page
    assert 'name="viewport"' in page and "prefers-color-scheme: dark" in page


def test_the_terminal_obeys_no_sentence(capsys):
    main(["check", write(f'"{EVIL}","{EVIL}"')])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\u202e" not in shown
    assert "\\x1b[31m" in shown


def test_columns_formats_and_repair(capsys):
    Path("a.txt").write_text("what,kind\nhi,x\nho,x\nhey,x\nhm,x\nho ho,x\n", "utf-8")
    assert main(["check", "a.txt"]) == 1
    columns = ["--columns", "text=what,label=kind", "--format", "csv"]
    assert main(["check", "a.txt", *columns]) == 0
    spans = [
        json.dumps({"text": f"Bert {n} left", "label": [[0, 2, "x"]]}) for n in range(9)
    ]
    Path("a.jsonl").write_text("\n".join(spans), "utf-8")
    assert main(["check", "a.jsonl"]) == 1
    assert "span 0-2 ('Be') breaks a word of 'Bert'" in capsys.readouterr().out
    assert main(["check", "a.jsonl", "--repair"]) == 0
    assert "9 spans that broke words, widened" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["check", "a.txt", "--columns", "text"])


def test_what_is_not_there_is_a_fault(capsys):
    assert main(["check", "nothing.csv"]) == 2
    assert "check: nothing.csv: no such file here" in capsys.readouterr().err


def test_a_named_corpus():
    overview = look_through("newsdesk")
    assert (overview.name, overview.to_mend) == ("newsdesk", 0)
    assert list(overview.counts) == ["train", "validation", "test"]


def test_long_and_unknown_words_and_no_vocabulary(monkeypatch):
    long = f"{'word ' * 200},music"
    overview = look_through(write(long, "😀 😀 😀,music", name="b.csv"))
    advice = " ".join(one.what for one in overview.findings)
    assert "sentences longer than 128 word pieces, whose rest is not read" in advice
    assert "of the word pieces are unknown to minilm" in advice
    assert overview.pieces.unknown_words == {"😀": 3}

    def missing(*_: object, **__: object) -> None:
        raise BackboneError("not here")

    monkeypatch.setattr(pieces, "find_folder", missing)
    overview = look_through("b.csv")
    assert (overview.pieces, overview.seconds) == (None, {})
    assert "word pieces are left out" in overview.findings[-1].what


def test_it_loads_no_torch():
    code = (
        "import sys; from mtlhelpers.cli import main; main(['check', 'a.csv']); "
        "assert not sys.modules.keys() & {'torch', 'transformers'}"
    )
    write()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
