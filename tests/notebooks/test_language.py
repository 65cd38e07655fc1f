"""Sizes and language of every lesson, as `python -m course.language` prints them."""

import nbformat
import pytest

from course import language, views

OPENING = """# %% [markdown]
# # 07 · Trial
#
# **Does it hold?** You will see.
#
# *20 minutes to read, 30 seconds to run. You need lesson 01.*
"""


def test_it_is_within_its_limits(source):
    found = language.findings(views.title(source), views.read(source))
    assert list(found) == []


def test_tables_and_figures_are_few_and_small(source):
    solved = language.SOLVED / f"{views.title(source)}.ipynb"
    notebook = nbformat.read(solved, as_version=4)
    assert list(language.outputs_over(source.stem, notebook)) == []


def test_what_follows_an_exercise_does_without_its_answer(source):
    assert language.used_after_exercises(views.read(source)) == set()


@pytest.fixture
def findings(tmp_path):
    """What is over in a deep dive with these cells after a sound opening."""

    def find(cells: str, name: str = "deeper/trial") -> str:
        path = tmp_path / "trial.py"
        text = f"{OPENING}\n# %%\nimport mtlhelpers as mtl\n\n{cells}"
        path.write_text(text, encoding="utf-8")
        return "\n".join(language.findings(name, views.read(path)))

    return find


def test_a_sound_deep_dive_has_nothing_over(findings):
    sound = "# %% [markdown]\n# ## Why\n#\n# The learning rate is one per part.\n"
    assert findings(sound) == ""


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("# The rate is high.", "say learning rate"),
        ("# The way back is long.", "say backward pass"),
        ("# The text says it.", "say what you mean"),
        ("# See claim 4.2 for it.", "no numbers of claims"),
        ("# They cannot be told apart.", "clearly better"),
        ("# " + "word " * 31 + ".", "31 words"),
        ("# #### Deep", "a heading of level 4 follows one of level 1"),
        ("# # Again", "one # heading"),
        ("# " + "word. " * 1501, "words: at most 1500"),
    ],
)
def test_what_readers_stumble_over_is_found(findings, cell, found):
    assert found in findings(f"# %% [markdown]\n{cell}\n")


def test_a_core_lesson_has_its_closing_its_exercises_and_its_length(findings):
    found = findings("", "07_trial")
    assert "closes with the headings What you found" in found
    assert "0 exercises" in found and "700 to 1200" in found


def test_long_cells_are_found(findings):
    cell = "\n".join(f"x{number} = 1" for number in range(26))
    assert "cell lines" in findings(f"# %%\n{cell}\n")


def test_predictions_are_at_most_three(findings):
    cell = 'mtl.guess("07-a", "?", yours=...)\n'
    assert "4 predictions" in findings(f"# %%\n{cell * 4}")


def test_tables_are_counted_and_measured():
    wide = "<table><thead><tr>" + "<th>a</th>" * 8 + "</tr></thead></table>"
    output = nbformat.v4.new_output("display_data", {"text/html": wide})
    cells = [nbformat.v4.new_code_cell("x", outputs=[output]) for _ in range(6)]
    found = list(language.outputs_over("x", nbformat.v4.new_notebook(cells=cells)))
    assert "6 tables: at most 5" in found and "7 columns" in found[1]


def test_a_name_of_an_exercise_that_is_used_later_is_found(tmp_path):
    exercise = (
        '# %% tags=["exercise"]\n# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n\n'
        '# %%\nmtl.check("07.1", x)\n\n'
    )
    path = tmp_path / "trial.py"
    for after, used in (("y = x + 1", {"x"}), ("y = 2", set())):
        path.write_text(f"{OPENING}\n{exercise}# %%\n{after}\n", encoding="utf-8")
        assert language.used_after_exercises(views.read(path)) == used
