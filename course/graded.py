"""Masters for otter-grader: `python -m course.graded build/graded [05 …]`.

One per lesson, from the same source. A question of otter is an exercise: its task, its
solution between the marks, and its check as the test, which raises where an answer is
wrong. `otter assign` makes the copy to hand out and the autograder from it.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_raw_cell

from course.views import MARK, SOURCES, blanked, checked, read, sources, tags, title
from mtlhelpers.data.cache import write_atomically

CONFIG = """\
# ASSIGNMENT CONFIG
init_cell: true
export_cell: false
check_all_cell: false
run_tests: false
generate: {pdf: false}
solutions_pdf: false
environment: false"""
# Where an answer is wrong, a check raises: also on the machine of a learner.
QUIET = "import os\n\nos.environ['MTLHELPERS_UNATTENDED'] = '1'"


def master(source: Path) -> NotebookNode:
    """The master of a lesson; its exercises are questions of one point each."""
    notebook = read(source)
    cells = [cell for cell in notebook.cells if "teacher" not in tags(cell)]
    notebook.cells = [new_raw_cell(CONFIG), new_code_cell(QUIET)]
    notebook.cells += questions(cells, source.stem)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    nbformat.validate(notebook)
    return notebook


def questions(cells: Sequence[NotebookNode], lesson: str) -> Iterator[NotebookNode]:
    """The cells, with the marks of otter around each exercise and its parts.

    An exercise is its task, its code and its check, in this order. What is handed out
    is the prompt, with the same blanks as the learner's copy.
    """
    answers = {name for cell in cells for name in checked(cell)}
    number, within = 0, False
    for cell, follows in zip(cells, [*cells[1:], None]):
        if follows is not None and "exercise" in tags(follows):
            number, within = number + 1, True
            asked = f"# BEGIN QUESTION\nname: q{lesson[:2]}_{number}\npoints: 1"
            yield from (new_raw_cell(asked), cell)
        elif "exercise" in tags(cell):
            blank = new_code_cell(blanked(cell.source, answers, lesson))
            yield from marked("PROMPT", blank)
            code = MARK.sub("", cell.source).rstrip("\n")
            cell.source = f"# BEGIN SOLUTION NO PROMPT\n{code}\n# END SOLUTION"
            yield from marked("SOLUTION", cell)
        elif within and checked(cell):
            cell.source = f"_ = {cell.source}"  # a test of otter compares what it shows
            yield from marked("TESTS", cell)
            yield new_raw_cell("# END QUESTION")
            within = False
        elif "solution" not in tags(cell):
            yield cell


def marked(kind: str, cell: NotebookNode) -> Iterator[NotebookNode]:
    """A cell between two marks."""
    yield from (new_raw_cell(f"# BEGIN {kind}"), cell, new_raw_cell(f"# END {kind}"))


def main(folder: str, *chosen: str) -> int:
    """Write a master into `folder` for each lesson, or for those that are chosen."""
    for source in sources(chosen):
        if source.parent == SOURCES:  # deep dives have no exercises
            target = Path(folder) / f"{title(source)}.ipynb"
            write_atomically(target, nbformat.writes(master(source)).encode("utf-8"))
            print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
