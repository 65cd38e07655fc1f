"""Building a notebook: whole or not at all, the same each time, faults named."""

import subprocess

import nbformat
import pytest

from course import build, execution

GOOD = """# %% [markdown]
# # Zürich

# %%
import sys
answer = 6 * 7
print("10%|bar\\r", file=sys.stderr, flush=True)
print("heed this", file=sys.stderr)

# %% tags=["nbval-check-output"]
print("one")
print("two")
answer
"""
BAD = GOOD.replace("answer = 6 * 7", "answer = 6 / 0")


@pytest.fixture
def write(tmp_path):
    """Write a source as 07_trial and return its path."""

    def write(text):
        (tmp_path / "source").mkdir(exist_ok=True)
        path = tmp_path / "source" / "07_trial.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def solved(folder):
    return folder / "solved" / "07_trial.ipynb"


def test_both_copies_are_written_and_the_solved_one_was_run(write, tmp_path):
    seconds = build.build(write(GOOD), tmp_path, "07_trial")
    notebook = nbformat.read(solved(tmp_path), as_version=4)
    nbformat.validate(notebook)
    heading, first, second = notebook.cells
    assert heading.source == "# Zürich"
    assert [output.text for output in first.outputs] == ["heed this\n"]
    assert second.outputs[0].text == "one\ntwo\n"
    assert second.outputs[1].data["text/plain"] == "42"
    assert second.metadata.tags == ["nbval-check-output"]
    assert "execution" not in first.metadata
    assert len(seconds) == 2 and "07_trial, cell 2: print" in seconds[1][1]
    learners = nbformat.read(tmp_path / "07_trial.ipynb", as_version=4)
    assert [cell.source for cell in learners.cells] == [
        cell.source for cell in notebook.cells
    ]
    assert not any(cell.get("outputs") for cell in learners.cells)


def test_the_same_source_gives_the_same_bytes(write, tmp_path):
    source, target = write(GOOD), solved(tmp_path)
    build.build(source, tmp_path, "07_trial")
    before = target.read_bytes()
    build.build(source, tmp_path, "07_trial")
    assert target.read_bytes() == before
    assert b"\r\n" not in before


def test_a_cell_that_fails_is_named_and_the_old_notebook_stays(write, tmp_path):
    target = solved(tmp_path)
    target.parent.mkdir()
    target.write_text("the old one", encoding="utf-8")
    message = r"(?s)07_trial, cell 1: import sys.*Zero"
    with pytest.raises(execution.BuildError, match=message):
        build.build(write(BAD), tmp_path, "07_trial")
    assert target.read_text(encoding="utf-8") == "the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["solved", "source"]


def test_a_name_that_fits_no_source_is_an_error(capsys):
    assert build.main(["99"]) == 1
    assert "begins with '99'" in capsys.readouterr().err


def test_widgets_are_left_out():
    widget = nbformat.v4.new_output(
        "display_data", {execution.WIDGET: {"model_id": "x"}, "text/plain": "bar"}
    )
    kept = nbformat.v4.new_output("display_data", {"text/plain": "kept"})
    assert execution.clean_outputs([widget, kept]) == [kept]


def test_two_at_once_write_elsewhere_and_leave_the_lessons_alone(
    write, tmp_path, monkeypatch, capfd
):
    sources = [write(GOOD), tmp_path / "source" / "08_other.py"]
    sources[1].write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr(build, "_alone", _built)
    assert build.build_at_once(sources, tmp_path / "out", 2) == 0
    written = sorted(path.name for path in (tmp_path / "out").glob("*.ipynb"))
    assert written == ["07_trial.ipynb", "08_other.ipynb"]
    assert not list(tmp_path.glob("*.ipynb"))
    said = capfd.readouterr().out
    assert "07_trial" in said and "slowest" not in said


def test_one_that_fails_at_once_with_others_is_told(write, tmp_path, capfd):
    """The command itself, on a source that is not among the lessons."""
    assert build.build_at_once([write(GOOD)], tmp_path, 2) == 1
    assert "begins with '07_trial'" in capfd.readouterr().err


def _built(source, folder):
    """As the command does, for a source that is not among the lessons."""
    build.build(source, folder, source.stem)
    said = f"   1.0 s  {source.stem}\nslowest cells\n   0.1 s  a cell\n"
    return subprocess.CompletedProcess([], 0, said, "")
