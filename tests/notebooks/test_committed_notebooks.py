"""The committed notebooks: those of their sources, whole, and in the series' style."""

import json
import re
from statistics import median

import nbformat
import pytest

import mtlhelpers as mtl

ABSOLUTE = re.compile(
    r"(?<![\w:/.+])/(?:home|Users|root|tmp|work|var|usr|opt|mnt|private)/|[A-Z]:\\\\"
)
PARTS = (
    "What you will do",
    "What you will learn",
    "What you need",
    "Time",
    "Peak memory",
)
ENDING = ("What you did", "What you learned", "What would have shown the opposite")
WITHOUT_GUESS = ("Is your machine ready?", "The map", "Exercises")


@pytest.fixture
def generated(build, source):
    return build.generate(source)


@pytest.fixture
def committed(source):
    return nbformat.read(source.parents[1] / f"{source.stem}.ipynb", as_version=4)


@pytest.fixture
def code(generated):
    return [cell for cell in generated.cells if cell.cell_type == "code"]


@pytest.fixture
def prose(generated):
    return [c.source for c in generated.cells if c.cell_type == "markdown"]


def outputs(notebook):
    return [o for c in notebook.cells for o in c.get("outputs", [])]


def test_it_is_what_its_source_generates(generated, committed):
    def essence(notebook):
        keys = ("id", "cell_type", "source")
        return [(*(c[key] for key in keys), dict(c.metadata)) for c in notebook.cells]

    assert essence(committed) == essence(generated), "run: make notebooks"
    assert committed.metadata == generated.metadata


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


def test_every_image_has_alt_text(committed):
    images = []
    for output in outputs(committed):
        data = output.get("data", {})
        assert not [kind for kind in data if kind.startswith("image/")], (
            "use show_figure"
        )
        images += re.findall(r"<img [^>]*>", str(data.get("text/html", "")))
    assert images
    assert all(re.match(r'<img alt="[^"]{20,}"', image) for image in images)


def test_figures_are_not_compared_between_machines(committed):
    for cell in committed.cells:
        if "nbval-check-output" in cell.metadata.get("tags", []):
            assert "base64" not in json.dumps(cell.outputs), cell.source


def test_code_cells_are_short(code):
    lines = sorted(
        sum(1 for line in c.source.splitlines() if line.strip()) for c in code
    )
    assert median(lines) <= 4
    assert lines[int(0.9 * len(lines))] <= 12
    assert lines[-1] <= 25


def test_there_is_more_prose_than_code(code, prose):
    # Adjacent Markdown cells are read as one; paragraphs are what a reader meets.
    assert len(prose) >= 1.2 * len(code)


def test_it_opens_and_closes_as_the_series_does(prose):
    assert prose[0].startswith("# ")
    for part in PARTS:
        assert f"**{part}**" in prose[0], part
    ending = "\n".join(prose[-4:])
    for part in ENDING:
        assert f"**{part}" in ending, part


def test_the_first_code_cell_imports_by_name(code):
    assert code[0].source.startswith("import ")
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


def test_every_section_asks_for_a_guess_and_each_guess_is_revealed(generated):
    text = "\n".join(cell.source for cell in generated.cells)
    sections = re.split(r"^## \d+ · ", text, flags=re.M)[1:]
    for section in sections:
        title = section.splitlines()[0]
        assert title in WITHOUT_GUESS or "mtl.guess(" in section, title
    for name in re.findall(r"^(\w+) = mtl\.guess\(", text, flags=re.M):
        assert f"{name}.reveal(" in text, name


def test_keys_of_guesses_name_their_lesson(source, generated):
    text = "\n".join(cell.source for cell in generated.cells)
    keys = re.findall(r'mtl\.guess\(\s*"([^"]+)"', text)
    assert keys and len(set(keys)) == len(keys)
    assert all(key.startswith(source.stem[:2]) for key in keys)


def test_links_lead_to_notebooks_that_are_there(source, prose):
    for target in re.findall(r"\]\(([^)#]+\.ipynb)\)", "\n".join(prose)):
        assert (source.parents[1] / target).is_file(), target


def test_memory_is_as_it_was_measured(prose, committed):
    claimed = re.search(r"\*\*Peak memory\*\*: under ([\d.]+) GB", prose[0])
    measured = re.search(
        r"at most ([\d.]+) GB of memory", json.dumps(outputs(committed))
    )
    assert float(measured[1]) <= float(claimed[1])
