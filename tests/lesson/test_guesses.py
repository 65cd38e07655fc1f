"""Guesses: shown beside answers, kept on this machine, never in the way."""

import json

import pytest

import mtlhelpers as mtl
from mtlhelpers.lesson import guesses as prompts


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A reader's own folder, attended."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(prompts.UNATTENDED, raising=False)
    return tmp_path


def test_guess_and_answer_stand_side_by_side():
    revealed = mtl.guess("k", "How many?", 100).reveal(22_565_376)
    for text in (repr(revealed), revealed._repr_html_()):
        assert "How many?" in text
        assert "100" in text and "22,565,376" in text
        assert "times too low" in text


@pytest.mark.parametrize(
    ("guess", "answer", "verdict"),
    [
        (7, 7, "exactly right"),
        (10.5, 10, "close: within 10%"),
        (200, 100, "2 times too high"),
        (1, 4, "4 times too low"),
        (0, 3, "off by 3"),
        (-1.0, 1.0, "off by 2"),
        ("mean", "mean", "exactly right"),
        ("mean", "first", "something else happened"),
        (True, False, "something else happened"),
    ],
)
def test_verdict(guess, answer, verdict):
    assert mtl.guess("k", "q", guess).reveal(answer).verdict == verdict


@pytest.mark.parametrize(
    ("value", "text"),
    [(22_565_376, "22,565,376"), (0.00034112, "0.000341"), (3.0, "3"), ("O", "O")],
)
def test_values_as_a_reader_wants_them(value, text):
    assert prompts.shown(value) == text


def test_numpy_and_torch_numbers_are_answers():
    numpy, torch = pytest.importorskip("numpy"), pytest.importorskip("torch")
    assert mtl.guess("k", "q", 2).reveal(numpy.int64(2)).verdict == "exactly right"
    assert mtl.guess("k", "q", 2).reveal(torch.tensor(2)).verdict == "exactly right"


def test_a_choice_must_be_one_of_those_there_are():
    with pytest.raises(ValueError, match="'median' is not one of mean, first"):
        mtl.guess("k", "q", "median", choices=("mean", "first"))


def test_markup_in_a_question_stays_text():
    assert "<b>x</b>" not in mtl.guess("k", "<b>x</b>", 1)._repr_html_()


def test_guesses_are_kept_and_listed():
    mtl.guess("a", "first?", 1).reveal(2)
    mtl.guess("b", "second?", 3)
    table = mtl.past_guesses()
    assert list(table.index) == ["a", "b"]
    assert table.loc["a", "answer"] == 2 and table.loc["b", "guess"] == 3


def test_no_guesses_yet_is_an_empty_table():
    assert mtl.past_guesses().empty


def test_unattended_runs_store_nothing(folder, monkeypatch):
    monkeypatch.setenv(prompts.UNATTENDED, "1")
    mtl.guess("a", "first?", 1).reveal(2)
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be_written_does_not_stop_the_lesson(monkeypatch):
    def refuse(*_):
        raise PermissionError("read-only")

    monkeypatch.setattr(prompts, "write_atomically", refuse)
    assert mtl.guess("a", "first?", 1).reveal(1).verdict == "exactly right"


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\ufeff{}"])
def test_a_damaged_file_is_begun_anew(folder, content):
    (folder / "guesses.json").write_text(content, encoding="utf-8")
    mtl.guess("a", "first?", 1)
    kept = json.loads((folder / "guesses.json").read_text(encoding="utf-8"))
    assert kept["a"]["guess"] == 1
