"""Exercises: each wrong answer gets its own hint, and the blank one too."""

import pytest

import mtlhelpers as mtl
from mtlhelpers.lesson import checks, memory

FILES = (checks.Path(checks.__file__).parent / "exercises").glob("lesson*.py")
EXERCISES = [
    one
    for file in sorted(FILES)
    for one in checks.exercises_of(file.stem.removeprefix("lesson"))
]


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A reader with a file of their own, and one exercise of a lesson 99."""
    monkeypatch.setattr(memory, "progress_file", lambda: tmp_path / "progress.json")
    monkeypatch.delenv(memory.UNATTENDED, raising=False)
    monkeypatch.setattr(checks, "_exercises", {})

    @checks.exercise("99.1", wrong=[(1, "more"), (9, "less")])
    def _half_of_ten(answer):
        """Halve ten."""
        if callable(answer):
            answer = answer(10)
        if answer != 5:
            raise checks.Hint("more" if answer < 5 else "less")

    found = checks._exercises
    monkeypatch.setattr(checks, "exercises_of", lambda lesson: list(found.values()))


def said(notice) -> str:
    return repr(notice)


def blank_function(number):
    """Halve a number."""
    ...


@pytest.mark.parametrize("one", EXERCISES, ids=[one.key for one in EXERCISES])
def test_wrong_answers_get_their_hints(one):
    assert one.task.endswith(".") and len(one.wrong) >= 2
    hints = []
    for answer, words in one.wrong:
        with pytest.raises(checks.Hint) as hint:
            checks.judge(one, answer)
        assert words in str(hint.value)
        assert "cannot be used" not in str(hint.value)
        hints.append(str(hint.value))
    assert len(set(hints)) >= 2, "two wrong answers, two hints"


@pytest.mark.parametrize("one", EXERCISES, ids=[one.key for one in EXERCISES])
@pytest.mark.parametrize("blank", [..., blank_function, {"a": ...}])
def test_the_blank_gets_a_hint(one, blank):
    with pytest.raises(checks.Hint, match="three dots"):
        checks.judge(one, blank)


@pytest.mark.parametrize(
    "blank", [..., blank_function, lambda x: None, (1, ...), [[...]], {"a": ...}]
)
def test_blanks_are_seen(blank):
    assert checks.is_blank(blank)


@pytest.mark.parametrize(
    "answer", [0, None, "", set(), {"a": 1}, lambda x: 3, lambda x: x, print]
)
def test_answers_are_no_blanks(answer):
    assert not checks.is_blank(answer)


def test_a_solution_is_solved_and_remembered(reader):
    assert "solved" in said(mtl.check("99.1", 5))
    assert memory.remembered("solved") == {"99.1": True}
    assert "solved" in said(mtl.check("99.1", lambda number: number / 2))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [(1, "more"), (..., "three dots"), (lambda number: number.half, "AttributeError")],
)
def test_a_reader_gets_a_hint_and_no_traceback(reader, answer, hint):
    notice = mtl.check("99.1", answer)
    assert "not yet" in said(notice) and hint in said(notice)
    assert memory.remembered("solved") == {}


def test_where_nobody_reads_a_wrong_answer_raises(reader, monkeypatch):
    monkeypatch.setenv(memory.UNATTENDED, "1")
    with pytest.raises(mtl.lesson.Hint, match="more"):
        mtl.check("99.1", 1)


def test_an_exercise_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"no exercise 98\.1"):
        mtl.check("98.1", 1)


def test_progress_lists_every_exercise(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "progress_file", lambda: tmp_path / "progress.json")
    monkeypatch.delenv(memory.UNATTENDED, raising=False)
    assert list(mtl.lesson.progress().exercise) == [one.key for one in EXERCISES]
    assert not mtl.lesson.progress().solved.any()
    for one in EXERCISES[:1]:
        memory.remember("solved", one.key, True)
        assert mtl.lesson.progress().solved.sum() == 1
