"""The learner's copy is the source less what is tagged, with blanks."""

import pytest

from course import views

SOURCE = """# %% [markdown] tags=["half-day"]
# ## Halving
#
# Text.

# %% tags=["exercise"]
import math
# BEGIN SOLUTION
helper = 2
answer: int = 10 // helper
# END SOLUTION

# %%
mtl.check("07.1", answer)

# %% [markdown] tags=["solution"]
# Ten has two halves.

# %% tags=["exercise"]
def half(number):
    # BEGIN SOLUTION
    doubled = 2 * number
    return doubled / 4
    # END SOLUTION

# %%
mtl.lesson.check("07.2", half)

# %% tags=["teacher"]
print("for teachers")
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "07_trial.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_the_learners_copy_has_blanks(write):
    heading, number, check, function, second = sources(views.learners(write(SOURCE)))
    assert heading == "## Halving ◆\n\nText."
    assert number == "import math\nanswer = ..."
    assert function == "def half(number):\n    ..."
    assert check == 'mtl.check("07.1", answer)' and "07.2" in second


def test_the_solved_copy_has_everything_but_the_marks(write):
    cells = sources(views.solved(write(SOURCE)))
    assert cells[1] == "import math\nhelper = 2\nanswer: int = 10 // helper"
    assert cells[4].endswith("    doubled = 2 * number\n    return doubled / 4")
    assert len(cells) == 7


def test_cells_keep_their_ids_in_both(write):
    learners, solved = views.learners(write(SOURCE)), views.solved(write(SOURCE))
    ids = [cell.id for cell in learners.cells]
    assert ids == ["cell-000", "cell-001", "cell-002", "cell-004", "cell-005"]
    assert {cell.id for cell in solved.cells} >= set(ids)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "# BEGIN SOLUTION\nhelper",
            "helper",
            "07_trial, cell-001: an exercise without",
        ),
        ("answer: int", "other", "assigns no name that is checked"),
    ],
)
def test_an_exercise_that_blanks_nothing_is_named(write, old, new, message):
    with pytest.raises(views.SourceError, match=message):
        views.learners(write(SOURCE.replace(old, new)))


def test_a_learners_copy_is_its_solved_copy_less_what_is_tagged(source):
    learners = {cell.id: cell for cell in views.learners(source).cells}
    for cell in views.solved(source).cells:
        tags = views.tags(cell)
        if views.LEFT_OUT & tags:
            assert cell.id not in learners
        elif "exercise" in tags:
            assert "..." in learners.pop(cell.id).source
        else:
            assert learners.pop(cell.id).source == cell.source
    assert not learners


def test_every_exercise_is_followed_by_its_check(source):
    cells = [cell for cell in views.read(source).cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells):
        if "exercise" in views.tags(cell):
            later = set().union(*map(views.checked, cells[number + 1 : number + 3]))
            assert later & set(views.assigned(cell.source)), cell.source


def test_sources_are_chosen_by_how_they_begin():
    names = [views.title(one) for one in views.sources(["01", "00_start_here.ipynb"])]
    assert names == ["00_start_here", "01_shared_model"]
    with pytest.raises(ValueError, match="begins with '99'"):
        views.sources(["99"])
