"""Building a notebook: whole or not at all, the same each time, faults named."""

import subprocess

import nbformat
import pytest

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


def test_a_notebook_is_run_and_written_with_its_outputs(build, write, tmp_path):
    seconds = build.build(write(GOOD), tmp_path / "07_trial.ipynb")
    notebook = nbformat.read(tmp_path / "07_trial.ipynb", as_version=4)
    nbformat.validate(notebook)
    heading, first, second = notebook.cells
    assert heading.source == "# Zürich"
    assert [output.text for output in first.outputs] == ["heed this\n"]
    assert second.outputs[0].text == "one\ntwo\n"
    assert second.outputs[1].data["text/plain"] == "42"
    assert second.metadata.tags == ["nbval-check-output"]
    assert "execution" not in first.metadata
    assert len(seconds) == 2 and "07_trial, cell 2: print" in seconds[1][1]


def test_the_same_source_gives_the_same_bytes(build, write, tmp_path):
    source, target = write(GOOD), tmp_path / "07_trial.ipynb"
    build.build(source, target)
    before = target.read_bytes()
    build.build(source, target)
    assert target.read_bytes() == before
    assert b"\r\n" not in before


def test_a_cell_that_fails_is_named_and_the_old_notebook_stays(build, write, tmp_path):
    target = tmp_path / "07_trial.ipynb"
    target.write_text("the old one", encoding="utf-8")
    with pytest.raises(
        build.BuildError, match=r"(?s)07_trial, cell 1: import sys.*Zero"
    ):
        build.build(write(BAD), target)
    assert target.read_text(encoding="utf-8") == "the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, "source"]


def test_sources_are_chosen_by_how_they_begin(build):
    names = [path.stem for path in build.sources(["01", "00_start_here.ipynb"])]
    assert names == ["00_start_here", "01_shared_model"]
    assert len(build.sources()) >= 3


def test_a_name_that_fits_no_source_is_an_error(build, capsys):
    assert build.main(["99"]) == 1
    assert "begins with '99'" in capsys.readouterr().err


def test_widgets_are_left_out(build):
    widget = nbformat.v4.new_output(
        "display_data", {build.WIDGET: {"model_id": "x"}, "text/plain": "bar"}
    )
    kept = nbformat.v4.new_output("display_data", {"text/plain": "kept"})
    assert build.clean_outputs([widget, kept]) == [kept]


def test_two_at_once_write_elsewhere_and_leave_the_lessons_alone(
    build, write, tmp_path, monkeypatch, capfd
):
    sources = [write(GOOD), tmp_path / "source" / "08_other.py"]
    sources[1].write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr(build, "_alone", _runs(build))
    assert build.build_at_once(sources, tmp_path / "out", 2) == 0
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["07_trial.ipynb", "08_other.ipynb"]
    assert not list(tmp_path.glob("*.ipynb"))
    said = capfd.readouterr().out
    assert "07_trial" in said and "slowest" not in said


def test_one_that_fails_at_once_with_others_is_told(build, write, tmp_path, capfd):
    """The command itself, on a source that is not among the lessons."""
    assert build.build_at_once([write(GOOD)], tmp_path, 2) == 1
    assert "begins with '07_trial'" in capfd.readouterr().err


def _runs(build):
    """As the command does, for a source that is not among the lessons."""

    def alone(source, folder):
        folder.mkdir(exist_ok=True)
        build.build(source, folder / f"{source.stem}.ipynb")
        said = f"   1.0 s  {source.stem}\nslowest cells\n   0.1 s  a cell\n"
        return subprocess.CompletedProcess([], 0, said, "")

    return alone
