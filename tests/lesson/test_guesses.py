"""Guesses: shown beside answers, kept on this machine, never in the way."""

import json

import pytest

import mtlhelpers as mtl
from mtlhelpers.lesson import guesses, memory

CHOICES = ("nothing", "a little", "half")
REASONS = {"nothing": "The backbone moves.", "a little": "It moves far."}


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """A reader's own file, attended, in a notebook that has asked nothing yet."""
    path = tmp_path / "kept" / "progress.json"
    monkeypatch.setattr(memory, "progress_file", lambda: path)
    monkeypatch.setattr(guesses, "_asked", {})
    monkeypatch.delenv(memory.UNATTENDED, raising=False)
    return path


def said(notice) -> str:
    return repr(notice)


def test_without_a_guess_it_asks_and_says_how():
    asked = mtl.guess("01-k", "How many?", unit="word pieces")
    assert "How many?" in said(asked)
    assert "a number (word pieces) in place of the three dots" in said(asked)


def test_choices_have_letters():
    asked = said(mtl.guess("05-k", "How much?", choices=CHOICES, yours=...))
    assert "a) nothing" in asked and "c) half" in asked and 'yours="b"' in asked


def test_guess_and_answer_stand_side_by_side():
    mtl.guess("01-k", "How many?", unit="pieces", yours=100)
    revealed = mtl.reveal("01-k", 22_565_376)
    for text in (repr(revealed), revealed._repr_html_()):
        assert "How many?" in text
        assert "100 pieces" in text and "22,565,376 pieces" in text
        assert "times too low" in text


@pytest.mark.parametrize("yours", ["b", "B ", "a little"])
def test_a_wrong_choice_gets_its_own_reason(yours):
    mtl.guess("05-k", "How much?", choices=CHOICES, yours=yours)
    revealed = said(mtl.reveal("05-k", "half", because=REASONS))
    assert "Not so: It moves far." in revealed
    assert "The backbone moves." not in revealed


def test_a_wrong_choice_learns_why_the_right_one_is():
    mtl.guess("05-k", "How much?", choices=CHOICES, yours="b")
    revealed = said(mtl.reveal("05-k", "half", because=REASONS | {"half": "It does."}))
    assert "Not so: It moves far. Why it is half: It does." in revealed


def test_a_right_choice_is_called_right():
    mtl.guess("05-k", "How much?", choices=CHOICES, yours="c")
    revealed = mtl.reveal("05-k", "half", because=REASONS | {"half": "It does."})
    assert "Right. It does." in said(revealed) and revealed.colour == guesses.GREEN


def test_who_did_not_guess_sees_the_answer_with_all_reasons():
    mtl.guess("05-k", "How much?", choices=CHOICES, yours=...)
    revealed = said(mtl.reveal("05-k", "half", because=REASONS))
    assert "The answer: half" in revealed
    assert all(reason in revealed for reason in REASONS.values())


def test_where_the_question_was_not_run_the_answer_is_shown():
    assert said(mtl.reveal("05-other", 3)) == "The answer\n  The answer: 3"


@pytest.mark.parametrize(
    ("guess", "answer", "verdict"),
    [
        (7, 7, "Exactly right."),
        (10.5, 10, "Close: within 10%."),
        (200, 100, "2 times too high."),
        (1, 4, "4 times too low."),
        (0, 3, "Off by 3."),
        (-1.0, 1.0, "Off by 2."),
    ],
)
def test_verdict(guess, answer, verdict):
    mtl.guess("k", "q", yours=guess)
    assert said(mtl.reveal("k", answer)).endswith(verdict)


@pytest.mark.parametrize(
    ("value", "text"),
    [(22_565_376, "22,565,376"), (0.00034112, "0.000341"), (3.0, "3"), ("O", "O")],
)
def test_values_as_a_reader_wants_them(value, text):
    assert guesses.shown(value) == text


def test_numpy_and_torch_numbers_are_answers():
    numpy, torch = pytest.importorskip("numpy"), pytest.importorskip("torch")
    mtl.guess("k", "q", yours=2)
    assert "Exactly right" in said(mtl.reveal("k", numpy.int64(2)))
    assert "Exactly right" in said(mtl.reveal("k", torch.tensor(2)))


@pytest.mark.parametrize(
    ("yours", "choices", "message"),
    [("d", CHOICES, "write a letter, a, b, c"), ("12", (), "write a number")],
)
def test_what_is_no_guess_is_refused_in_words(yours, choices, message):
    with pytest.raises(ValueError, match=message):
        mtl.guess("k", "q", choices=choices, yours=yours)


@pytest.mark.parametrize(
    ("answer", "because", "message"),
    [
        ("all", REASONS, "none of the choices"),
        ("half", {"nothing": "no"}, "no reason for"),
        ("half", REASONS | {"more": "no"}, "for no choice"),
    ],
)
def test_every_wrong_choice_has_a_reason(answer, because, message):
    mtl.guess("k", "q", choices=CHOICES)
    with pytest.raises(ValueError, match=message):
        mtl.reveal("k", answer, because=because)


def test_markup_stays_text_but_code_is_code():
    page = mtl.guess("k", "<b>x</b> of `train`?")._repr_html_()
    assert "<b>x</b>" not in page and "<code>train</code>" in page


def test_guesses_are_kept_and_listed(file):
    mtl.guess("02-b", "second?", yours=3)
    mtl.guess("01-a", "first?", yours=1)
    mtl.reveal("01-a", 2)
    table = mtl.past_guesses()
    assert list(table.index) == ["01-a", "02-b"]
    assert table.loc["01-a", "answer"] == 2 and table.loc["02-b", "guess"] == 3


def test_a_question_without_a_guess_keeps_nothing(file):
    mtl.guess("a", "first?")
    mtl.reveal("a", 2)
    assert mtl.past_guesses().empty and not file.exists()


def test_unattended_runs_store_nothing(file, monkeypatch):
    monkeypatch.setenv(memory.UNATTENDED, "1")
    mtl.guess("a", "first?", yours=1)
    mtl.reveal("a", 2)
    assert not file.exists()


def test_a_folder_that_cannot_be_written_does_not_stop_the_lesson(monkeypatch):
    def refuse(*_):
        raise PermissionError("read-only")

    monkeypatch.setattr(memory, "write_atomically", refuse)
    mtl.guess("a", "first?", yours=1)
    assert "Exactly right" in said(mtl.reveal("a", 1))


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\ufeff{}", '{"guesses": 1}'])
def test_a_damaged_file_is_begun_anew(file, content):
    file.parent.mkdir()
    file.write_text(content, encoding="utf-8")
    mtl.guess("a", "first?", yours=1)
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept["guesses"]["a"]["guess"] == 1
