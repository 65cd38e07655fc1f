"""`mtlhelpers predict`: what it reads, what it writes, and which lines it names."""

import io
import json
import sys
from pathlib import Path

import pytest
from helpers import tiny

from mtlhelpers.cli import main
from mtlhelpers.model.answers import outputs

TEXTS = ["call Ada, now", "", "play New  York"]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("models") / "model"
    tiny.model(tiny.corpus()).save(folder)
    return str(folder)


def answers(*given: str) -> tuple[int, list[dict]]:
    """The exit status, and the objects in the file that the last argument names."""
    status = main(["predict", *given])
    return status, [json.loads(line) for line in Path(given[-1]).open("rb")]


def write(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return str(path)


def test_every_line_of_a_text_has_an_answer(model, tmp_path):
    said = tiny.model(tiny.corpus()).predict(TEXTS)
    source = write(tmp_path / "texts.txt", "\r\n".join(TEXTS))
    status, found = answers(model, source, "--output", str(tmp_path / "out.jsonl"))
    assert status == 0
    assert [one["line"] for one in found] == [1, 2, 3]
    for one, expected in zip(found, said):
        del one["line"]
        assert one == json.loads(json.dumps(expected.to_dict()))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"id": "x", "text": "call Ada"}\n\n{"tokens": ["go", "Ada"]}\n'),
        ("a.csv", "\ufeffid,text\nx,call Ada\n,go Ada\n"),
        ("a.csv", 'text;id\r\n"call Ada";x\r\ngo Ada\r\n'),
        ("a.tsv", "id\ttext\nx\tcall Ada\n\tgo Ada\n"),
    ],
)
def test_objects_and_rows_have_answers(model, tmp_path, name, content):
    source = write(tmp_path / name, content)
    status, found = answers(model, source, "--output", str(tmp_path / "out.jsonl"))
    assert status == 0
    assert [one["text"] for one in found] == ["call Ada", "go Ada"]
    assert found[0]["id"] == "x"
    assert not found[1].get("id")


def test_bad_lines_are_named_and_have_empty_answers(model, tmp_path, capsys):
    bad = ["{", "[]", '{"text": 1}', '{"tokens": ["a", 1]}', '{"label": "a"}']
    lines = [b'{"text": "call Ada"}', *map(str.encode, bad), b"\xff", b'{"text": null}']
    source = write(tmp_path / "a.jsonl", b"\n".join(lines))
    status, found = answers(model, source, "--output", str(tmp_path / "out.jsonl"))
    assert status == 2
    assert [one["line"] for one in found] == list(range(1, 9))
    assert ["error" in one for one in found] == [False] + [True] * 6 + [False]
    assert all(one["words"] == [] and one["label"] is None for one in found[1:])
    told = capsys.readouterr().err.splitlines()
    assert told[0] == (
        f"{source}, line 2: malformed JSON at column 2 (Expecting property name "
        "enclosed in double quotes); its answer is empty"
    )
    assert "line 4: `text` is no string" in told[2]
    assert "line 5: `tokens` is no list of strings" in told[3]
    assert "line 7: not UTF-8 (0xff at byte 0)" in told[5]
    assert told[6].startswith(
        f"predict: 6 lines of {source} held no sentence: they are"
    )


def test_a_pipe_is_read_and_conll_written(model, monkeypatch, capsys):
    piped = io.TextIOWrapper(io.BytesIO(b"call Ada, now\n\n"))
    monkeypatch.setattr(sys, "stdin", piped)
    assert main(["predict", model, "-", "--format", "conll"]) == 0
    [said] = tiny.model(tiny.corpus()).predict(TEXTS[:1])
    words = [f"{word}\t{tag}" for word, tag in zip(said.words, said.tags)]
    assert capsys.readouterr().out.split("\n")[:-1] == [
        f"# label = {said.label}",
        *words,
        "",
        "",
    ]


def test_a_pipe_of_json_is_named_as_such(model, monkeypatch, capsys):
    piped = io.TextIOWrapper(io.BytesIO(b'{"text": "call Ada"}\n'))
    monkeypatch.setattr(sys, "stdin", piped)
    assert main(["predict", model, "--input-format", "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "call Ada"


def test_answers_come_before_all_is_read(model, monkeypatch):
    monkeypatch.setattr(outputs, "AT_ONCE", 2)
    taken = []

    def lines():
        for number in range(1, 7):
            taken.append(number)
            yield outputs.Question(number, "call Ada")

    said = outputs.answer_lines(tiny.model(tiny.corpus()), lines(), "jsonl", print)
    next(said)
    assert taken == [1, 2]
    assert [json.loads(line)["line"] for line in said] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        (
            "a.csv",
            "id,body\n1,call\n",
            "no column 'text' in its first line; found: id,",
        ),
        ("a.csv", "", "found: none"),
        ("a.csv", 'text\na\n"b" c\n', "after line 2: "),
        ("b.csv", b"text\ncall\n\xff\n", "after line "),
    ],
)
def test_what_is_no_table_is_one_line(model, tmp_path, capsys, name, content, part):
    source = write(tmp_path / name, content)
    assert main(["predict", model, source]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"predict: {source}") and part in line


def test_what_is_not_there_is_one_line(model, tmp_path, capsys):
    for given in ([model, str(tmp_path / "no.txt")], [str(tmp_path), "-"]):
        assert main(["predict", *given]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
