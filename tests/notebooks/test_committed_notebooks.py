"""The committed notebooks: those of their sources, whole, and in the series' style."""

import json
import re

import nbformat
import pytest

import mtlhelpers as mtl
from course import views
from course.build import NOTEBOOKS
from course.language import SOLVED, is_deeper

ABSOLUTE = re.compile(
    r"(?<![\w:/.+])/(?:home|Users|root|tmp|work|var|usr|opt|mnt|private)/|[A-Z]:\\\\"
)


@pytest.fixture
def generated(source):
    return views.solved(source)


@pytest.fixture
def committed(source):
    return nbformat.read(SOLVED / f"{views.title(source)}.ipynb", as_version=4)


@pytest.fixture
def code(generated):
    return [cell for cell in generated.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [o for c in notebook.cells for o in c.get("outputs", [])]


def essence(notebook):
    keys = ("id", "cell_type", "source")
    return [(*(c[key] for key in keys), dict(c.metadata)) for c in notebook.cells]


def test_both_copies_are_what_their_source_generates(source, generated, committed):
    assert essence(committed) == essence(generated), "run: make notebooks"
    assert committed.metadata == generated.metadata
    learners = NOTEBOOKS / f"{views.title(source)}.ipynb"
    assert nbformat.read(learners, as_version=4) == views.learners(source)


def test_there_is_no_notebook_without_a_source():
    there = {path.relative_to(SOLVED) for path in SOLVED.rglob("*.ipynb")}
    names = {f"{views.title(source)}.ipynb" for source in views.sources()}
    there = {
        path.as_posix() for path in there if ".ipynb_checkpoints" not in path.parts
    }
    assert there <= names


def test_every_cell_was_run_in_order_without_error(committed):
    counts = [c.execution_count for c in committed.cells if c.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert outputs(committed)
    assert not [o.ename for o in outputs(committed) if o.output_type == "error"]


def test_outputs_hold_no_path_of_a_machine_and_no_warning(committed):
    for output in outputs(committed):
        text = re.sub(r"base64,[^\"]+", "", json.dumps(output))
        assert not ABSOLUTE.search(text), text[:500]
        assert output.get("name") != "stderr", output.text[:500]


def test_every_image_has_alt_text(source, committed):
    images = []
    for output in outputs(committed):
        data = output.get("data", {})
        assert not [kind for kind in data if kind.startswith("image/")], (
            "use show_figure"
        )
        images += re.findall(r"<img [^>]*>", str(data.get("text/html", "")))
    assert images or is_deeper(views.title(source))  # a lesson has a picture
    assert all(re.match(r'<img alt="[^"]{20,}"', image) for image in images)


def test_figures_are_not_compared_between_machines(committed):
    for cell in committed.cells:
        if "nbval-check-output" in cell.metadata.get("tags", []):
            assert "base64" not in json.dumps(cell.outputs), cell.source


def test_the_first_code_cell_imports_by_name(code):
    assert code[0].source.startswith(("import ", "from "))
    assert all("import *" not in cell.source for cell in code)
    assert not [
        c.source for c in code[1:] if re.search(r"^(import|from) ", c.source, re.M)
    ]


def test_it_uses_public_names_alone(code):
    text = "\n".join(cell.source for cell in code)
    assert not re.search(r"from mtlhelpers|import mtlhelpers\.", text)
    rooms = (mtl, mtl.lesson, mtl.plots, mtl.studies)
    public = {name for room in rooms for name in room.__all__}
    assert set(re.findall(r"\bmtl\.(\w+)", text)) <= public


def test_what_a_lesson_times_does_not_depend_on_what_else_runs(source, code):
    text = "\n".join(cell.source for cell in code)
    walls = re.findall(r"\btime\.(?!process_time)\w+\(", text)
    assert not walls or is_deeper(views.title(source))


def test_every_guess_is_blank_and_revealed(source, code):
    text = "\n".join(cell.source for cell in code)
    asked = re.findall(r'mtl\.guess\(\s*"([^"]+)"', text)
    told = re.findall(r'mtl\.reveal\(\s*"([^"]+)"', text)
    assert sorted(asked) == sorted(told) and len(set(asked)) == len(asked)
    assert text.count("yours=...") == len(asked) == text.count("mtl.guess(")
    assert all(key.startswith(source.stem.split("_")[0]) for key in asked)


def test_links_lead_to_sources_that_are_there(source):
    cells = views.read(source).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)#:]+)\.ipynb[^)]*\)", prose):
        assert (source.parent / f"{target}.py").is_file(), target
