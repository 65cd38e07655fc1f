"""Masters for otter: each exercise is a question whose test is its own check."""

import pytest

from course.graded import main, master
from course.views import SOURCES, learners, sources, tags

LESSONS = [one for one in sources() if one.parent == SOURCES]


def raws(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "raw"]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda one: one.stem)
def test_every_exercise_is_a_question(lesson):
    found = master(lesson)
    said = "\n".join(cell.source for cell in found.cells)
    exercises = said.count("### Exercise ")
    marks = [raw.split("\n")[0] for raw in raws(found)]
    parts = ["QUESTION", "PROMPT", "SOLUTION", "TESTS"]
    asked = [
        f"# {edge} {part}"
        for part in parts[1:]
        for edge in ("BEGIN", "END")
    ]  # fmt: skip
    whole = ["# BEGIN QUESTION", *asked, "# END QUESTION"]
    assert exercises >= 2 and marks == ["# ASSIGNMENT CONFIG", *whole * exercises]


def test_what_is_handed_out_has_the_blanks_of_the_learners_copy():
    (source,) = sources(["01"])
    cells = master(source).cells
    after = [
        two for one, two in zip(cells, cells[1:]) if one.source == "# BEGIN PROMPT"
    ]
    blanks = [c.source for c in learners(source).cells if "exercise" in tags(c)]
    assert [cell.source for cell in after] == blanks
    tests = [two for one, two in zip(cells, cells[1:]) if one.source == "# BEGIN TESTS"]
    assert [cell.source for cell in tests][2] == '_ = mtl.check("01.3", first_loss)'


def test_lessons_are_chosen_and_deep_dives_left_out(tmp_path):
    assert main(str(tmp_path), "01", "deeper") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["01_shared_model.ipynb"]
